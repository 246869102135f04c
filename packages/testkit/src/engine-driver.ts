/** What a test does in a page of an app that runs in an engine without a driver; loaded before the page's own scripts. */

/** Uncaught errors, refused policies, files that did not load, and what the page wrote to the console as an error. */
const problems: string[] = []

addEventListener(
  'error',
  (event) => {
    const { target } = event
    if (target instanceof HTMLElement) problems.push(`did not load: ${target.outerHTML}`)
    else problems.push(String(event.error ?? event.message))
  },
  true,
)
addEventListener('unhandledrejection', ({ reason }) => problems.push(`unhandled: ${reason}`))
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  problems.push(`refused by the policy: ${violatedDirective} ${blockedURI}`),
)
const writeError = console.error
console.error = (...values: unknown[]) => {
  problems.push(values.join(' '))
  writeError.apply(console, values)
}

/** What {@link EngineSite} calls. */
export interface EngineDriver {
  textOf(selector: string): string | null
  clickOn(selector: string, text: string | null): Promise<void>
  problemsSoFar(): readonly string[]
  pageSize(): { readonly width: number; readonly content: number }
}

/** The element, once it is there: pages load their parts on demand. */
async function find(selector: string, text: string | null): Promise<HTMLElement> {
  for (const end = performance.now() + 30_000; performance.now() < end; ) {
    const found = [...document.querySelectorAll<HTMLElement>(selector)].find(
      (element) => text === null || element.textContent?.trim() === text,
    )
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the page has no ${selector}${text === null ? '' : ` "${text}"`}`)
}

const driver: EngineDriver = {
  textOf: (selector) => document.querySelector(selector)?.textContent ?? null,
  async clickOn(selector, text) {
    const element = await find(selector, text)
    element.click()
  },
  problemsSoFar: () => problems,
  pageSize: () => ({ width: innerWidth, content: document.documentElement.scrollWidth }),
}
Object.assign(globalThis, driver)
