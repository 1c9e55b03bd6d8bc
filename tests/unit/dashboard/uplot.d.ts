/** The API serves it beside the page, from its package. */
declare module '*/uplot.js' {
  export { default } from 'uplot'
}
