import type { Page } from 'playwright-core'

/** What the page can be told to run. */
export interface SoakChoice {
  readonly model: 'fashion-mnist' | 'file'
  readonly backend: 'wasm' | 'webgpu'
  readonly threads: number
}

/** How it went. */
export interface SoakStep {
  readonly choice: SoakChoice
  /** Until the first class of the camera's picture. */
  readonly loadMs: number
  /** Shown by the page at the end. */
  readonly fps: number
}

const patience = 60_000

/**
 * The page of the camera, used as a visitor uses it: through its dialog, with the camera on. It keeps no handle of an element, which would
 * keep the element.
 */
export class CameraPage {
  readonly #page: Page
  readonly #file: string | undefined
  #hasFile = false

  /** `file` is what the dialog of files is answered with. */
  constructor(page: Page, file: string | undefined) {
    this.#page = page
    this.#file = file
  }

  async startCamera(): Promise<void> {
    await this.#ready()
    await this.#page.getByRole('radio', { name: 'Camera' }).click()
    await this.#page.getByRole('button', { name: 'Start the camera' }).click()
    await this.#page.locator('.overlay').waitFor({ timeout: patience })
  }

  /** Which of the backends the page offers. */
  async backends(): Promise<SoakChoice['backend'][]> {
    await this.#openDialog()
    await this.#page.waitForFunction(
      () => !document.querySelector('.choose-dialog .chips')?.textContent?.includes('looking'),
      undefined,
      { timeout: patience },
    )
    const found = await this.#page.$$eval(
      '.choose-dialog input[name="choose-backend"]:not(:disabled)',
      (inputs) => inputs.map((input) => (input as HTMLInputElement).value as SoakChoice['backend']),
    )
    await this.#closeDialog()
    return found
  }

  /** Choose, and watch the camera for `seconds`, loading included. */
  async run(choice: SoakChoice, seconds: number): Promise<SoakStep> {
    const start = performance.now()
    await this.#openDialog()
    // Between two clicks something else is chosen, and given up again: that happens to visitors too.
    await this.#check('model', choice.model)
    await this.#check('backend', choice.backend)
    const threads = this.#page.locator('.choose-dialog select')
    if (choice.backend === 'wasm') await threads.selectOption(String(choice.threads))
    await this.#closeDialog()
    await this.#ready()
    await this.#page.waitForFunction(
      () => Number(document.querySelector('.fps')?.textContent) > 0 && !!document.querySelector('.overlay'),
      undefined,
      { timeout: patience },
    )
    const loadMs = performance.now() - start
    await this.#page.waitForTimeout(Math.max(500, 1000 * seconds - loadMs))
    return { choice, loadMs, fps: Number(await this.#page.textContent('.fps')) }
  }

  async #check(name: string, value: string): Promise<void> {
    const input = this.#page.locator(`.choose-dialog input[name="choose-${name}"][value="${value}"]`)
    if (await input.isChecked()) return
    if (value === 'file' && !this.#hasFile) {
      const [chooser] = await Promise.all([this.#page.waitForEvent('filechooser'), input.click()])
      await chooser.setFiles(this.#file as string)
      this.#hasFile = true
    } else {
      await input.click()
    }
  }

  async #openDialog(): Promise<void> {
    await this.#page.click('.choose-open')
    await this.#page.locator('.choose-dialog[open] input[name="choose-backend"]').first().waitFor()
  }

  async #closeDialog(): Promise<void> {
    await this.#page.locator('.choose-dialog').getByRole('button', { name: 'Close' }).click()
  }

  async #ready(): Promise<void> {
    const settled = this.#page.locator('[data-engine="ready"], [data-engine="error"]')
    await settled.waitFor({ timeout: patience })
    if ((await settled.getAttribute('data-engine')) === 'error') {
      throw new Error(`the page cannot load this: ${await settled.textContent()}`)
    }
  }
}
