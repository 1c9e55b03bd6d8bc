/** The eight events that give the seeded user today's row: 5 views, 2 clicks, 1 purchase. */
import type { Activity, UserActivity } from '../event/schema.ts'

export const seededUser = '11111111-1111-1111-1111-111111111111'
export const seededItem = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'

const activities: readonly Activity[] = ['view', 'view', 'view', 'view', 'view', 'click', 'click', 'purchase']

/**
 * Their ids and their timestamp follow from the day alone, so that starting again on the same day adds nothing.
 * @param day a UTC date, YYYY-MM-DD.
 */
export function seededEvents(day: string): UserActivity[] {
  return activities.map((activity_type, index) => ({
    user_id: seededUser,
    item_id: seededItem,
    activity_type,
    timestamp: `${day}T00:00:00Z`,
    event_id: `seed-${day}-${index + 1}`,
  }))
}
