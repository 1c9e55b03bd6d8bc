/** Addresses: what is shown stands in the part after #, so that a link shows somebody else the same. */

/** @typedef {{ readonly view: string, readonly id: string, readonly query: URLSearchParams }} Route */

/** @param {string} hash as of `location` @returns {Route} */
export function parseRoute(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [view = '', id = ''] = path.split('/')
  return { view, id: decode(id), query: new URLSearchParams(query) }
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** @param {string} user @param {{ from?: string, to?: string }} [range] */
export function userLink(user, { from = '', to = '' } = {}) {
  const query = new URLSearchParams()
  if (from !== '') query.set('from', from)
  if (to !== '') query.set('to', to)
  return `#/user/${encodeURIComponent(user)}${query.size > 0 ? `?${query}` : ''}`
}
