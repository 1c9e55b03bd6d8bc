/** ADMIN_TOKEN, for as long as the tab is open. `npm start` hands it over in the address, where it must not stay. */

const name = 'footfall-token'

/** @returns {string | null} */
export const token = () => sessionStorage.getItem(name)

/** @param {string} text '' forgets it */
export function keepToken(text) {
  if (text === '') sessionStorage.removeItem(name)
  else sessionStorage.setItem(name, text)
}

/** Takes it out of the address, and out of the history. */
export function takeToken() {
  const given = /^#token=([^&]+)/.exec(location.hash)
  if (given === null) return
  keepToken(decodeURIComponent(given[1] ?? ''))
  history.replaceState(null, '', '#/')
}
