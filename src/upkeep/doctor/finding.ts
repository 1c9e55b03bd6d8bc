/** One thing the doctor has looked at. */
export interface Finding {
  readonly about: string
  /** fine; note: it works, but somebody should know; wrong: it cannot work so. */
  readonly verdict: 'fine' | 'note' | 'wrong'
  /** What was found, and what mends it. */
  readonly detail: string
}
