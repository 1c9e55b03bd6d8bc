/** The contract: what an event is. Published by the API at the path of its `$id`. */
export const userActivitySchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: '/schemas/user-activity/1.json',
  title: 'User activity',
  description: 'Somebody viewed, clicked or bought an item. Other members are allowed and ignored.',
  type: 'object',
  required: ['user_id', 'item_id', 'activity_type', 'timestamp'],
  properties: {
    user_id: { type: 'string', format: 'uuid', description: 'A UUID, in any case.' },
    item_id: { type: 'string', format: 'uuid', description: 'A UUID, in any case.' },
    activity_type: { type: 'string', enum: ['view', 'click', 'purchase'] },
    timestamp: {
      type: 'string',
      format: 'date-time',
      description: 'RFC 3339 with an offset: a real calendar instant. Its UTC date is the day the event counts into.',
    },
    event_id: {
      type: 'string',
      pattern: '^[!-~]{1,128}$',
      description: 'Optional. The same id from the same user is the same event.',
    },
  },
} as const

export type Activity = (typeof userActivitySchema.properties.activity_type.enum)[number]

/** An event as it stands in a record's value. */
export interface UserActivity {
  readonly user_id: string
  readonly item_id: string
  readonly activity_type: Activity
  readonly timestamp: string
  readonly event_id?: string
}
