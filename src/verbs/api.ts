import { loadConfig } from '../runtime/config.ts'
import { runRole } from './role.ts'
import type { Verb } from './verb.ts'

export const api: Verb = {
  about: 'answers the counts by HTTP',
  more: 'Listens on API_HOST and API_PORT; / is the dashboard for a browser, /docs shows what it answers.',
  flags: {},
  run: async () => {
    const config = loadConfig()
    const { startApi } = await import('../api/api.ts')
    return runRole('api', config, log => startApi(config, log))
  },
}
