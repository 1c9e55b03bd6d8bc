/** A real Chromium on the page, and what went wrong in it: dialogs, reports of its policies, errors. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import packed from '@sparticuz/chromium'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { closing, type Lifetime, sharedFolder } from '../support/environment.ts'

/** Closed after the test. */
export async function openBrowser(test: Lifetime): Promise<Browser> {
  // It unpacks itself there, once a run, and goes with it.
  const folder = join(sharedFolder(), 'chromium')
  mkdirSync(folder, { recursive: true })
  process.env['TMPDIR'] = folder
  const executablePath = await packed.executablePath()
  const fonts = join(folder, 'fonts.conf')
  writeFileSync(fonts, fontsIn(tmpdir()))
  // Root may not have Chromium's sandbox.
  const args = ['--no-sandbox', '--font-render-hinting=none']
  const browser = await chromium.launch({ executablePath, args, env: { ...process.env, FONTCONFIG_FILE: fonts } })
  closing(test, () => browser.close())
  return browser
}

/** The typeface that comes with this Chromium, so that pictures are the same on every machine. */
const fontsIn = (folder: string) => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${folder}/fonts-cache</cachedir>
  <alias binding="strong"><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>
`

/** A language that every machine knows: without one Chromium takes the one of the environment, which may be none. */
export const locale = 'en-US'

export interface Opened {
  readonly page: Page
  /** What must never happen, in words. */
  readonly faults: readonly string[]
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
    locale,
    ...options,
  })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('dialog', dialog => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', error => faults.push(`error: ${error.message}`))
  // A policy that is broken is told on the console; so is an answer that is an error, which tests ask for.
  page.on('console', message => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text())
  })
  await page.goto(url)
  return { page, faults }
}

/** The text of the first that fits, in one line. */
export const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).first().innerText()).replace(/\s+/g, ' ').trim()

/** Waits until the text is there. */
export async function untilText(
  page: Page,
  selector: string,
  text: string | RegExp,
  deadlineMs = 10_000,
): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout: deadlineMs })
}
