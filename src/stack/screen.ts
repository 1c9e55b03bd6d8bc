/** What a person sees while the stack starts and runs: steps that end, one line that moves on a terminal, and notes. */

export interface Screen {
  /** Begins a step; several may be under way. */
  step(name: string): Step
  /** A line that stays. */
  say(line: string): void
}

export interface Step {
  /** What it does at this moment. Shown on a terminal; elsewhere now and then. */
  doing(what: string): void
  /** Ends it with a line that stays. */
  done(what: string): void
  /** Ends it without a line: the error says the rest. */
  gone(): void
}

const drawEveryMs = 120
const sayEveryMs = 10_000
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** @param output a terminal gets a moving line; anything else plain lines only. */
export function createScreen(output: NodeJS.WriteStream): Screen {
  const active = new Map<string, { doing: string; readonly startedMs: number; saidMs: number }>()
  let timer: NodeJS.Timeout | undefined
  let frame = 0
  const say = (line: string) => void output.write(output.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`)
  const draw = () => {
    frame = (frame + 1) % frames.length
    const parts = [...active].map(([name, { doing }]) => `${name}: ${doing}`).join(' · ')
    output.write(`\r\x1b[K${`${frames[frame]} ${parts}`.slice(0, (output.columns ?? 80) - 1)}`)
  }
  const end = (name: string) => {
    active.delete(name)
    if (active.size > 0) return
    clearInterval(timer)
    timer = undefined
    if (output.isTTY) output.write('\r\x1b[K')
  }
  return {
    say,
    step(name) {
      const state = { doing: 'starting', startedMs: performance.now(), saidMs: performance.now() }
      active.set(name, state)
      if (output.isTTY) timer ??= setInterval(draw, drawEveryMs).unref()
      return {
        doing(what) {
          state.doing = what
          if (output.isTTY || performance.now() - state.saidMs < sayEveryMs) return
          state.saidMs = performance.now()
          say(`  ${name}: ${what}`)
        },
        done(what) {
          end(name)
          say(`✔ ${name.padEnd(10)} ${what} (${((performance.now() - state.startedMs) / 1_000).toFixed(1)} s)`)
        },
        gone: () => end(name),
      }
    },
  }
}
