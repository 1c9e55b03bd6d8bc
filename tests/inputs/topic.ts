/** Settings of a topic for bad inputs: the sender's time is the append time, and a sender may write any. */
export const sendersTime = {
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.after.max.ms': '9223372036854775807',
  'message.timestamp.before.max.ms': '9223372036854775807',
  'max.message.bytes': '10000000',
  'retention.ms': '-1',
} as const
