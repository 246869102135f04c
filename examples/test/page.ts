/** The pages of the examples, used as people do: a picture is chosen, and its labels are read. */
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClassifier, type Prediction } from '@mobileone/sdk'
import { launchChromium, serve } from '@mobileone/testkit'

const assets = fileURLToPath(new URL('../../apps/demo/assets/', import.meta.url))

/** A small MobileOne that was trained here, on Fashion-MNIST, and a picture of one of its classes. */
export const model: string = join(assets, 'fashion-mnist.safetensors')
export const picture: string = join(assets, 'images/2-trouser.png')

/** What our executor in Node says of {@link picture}, as the examples write it: `Trouser: 98.7 %` and two more lines. */
export async function expectedLabels(): Promise<string> {
  const classifier = await createClassifier({ model })
  try {
    const top = await classifier.classify(picture, { topK: 3 })
    return labelText(top)
  } finally {
    await classifier.dispose()
  }
}

export function labelText(predictions: readonly Prediction[]): string {
  return predictions.map(({ label, score }) => `${label}: ${(100 * score).toFixed(1)} %`).join('\n')
}

/**
 * Open `url` with `?model=/model.safetensors`, choose the picture in its `<input type="file">` and give the text of its `<output>`
 * once that has labels.
 * @throws Error where the page has an error, or no labels in a minute.
 */
export async function labelsOnPage(url: string): Promise<string> {
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(60_000)
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    const asked = new Promise<void>((resolve) => {
      void page.route(
        ({ pathname }) => pathname === '/model.safetensors',
        async (route) => {
          resolve()
          await route.fulfill({ body: await readFile(model), contentType: 'application/octet-stream' })
        },
      )
    })
    await page.goto(`${url}?model=/model.safetensors`)
    // What is rendered by a server listens to nothing before its scripts run.
    await Promise.race([asked, page.waitForTimeout(60_000)])
    await page.setInputFiles('input[type=file]:not([disabled])', picture)
    const found = page.waitForFunction(() => {
      const text = document.querySelector('output')?.textContent ?? ''
      return / %$/.test(text) && text.includes('\n') ? text : undefined
    })
    const text = await found.then(
      (handle) => handle.jsonValue(),
      async (error) => {
        const shown = await page.textContent('body')
        throw new Error([error.message, `the page shows: ${shown}`, ...complaints].join('\n'))
      },
    )
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
    return text as string
  } finally {
    await browser.close()
  }
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
}

/** Serve the files of `folder` as any host of static files does, without headers for isolation. */
export async function serveFiles(folder: string): ReturnType<typeof serve> {
  return serve(async (path) => {
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path)
    const body = await readFile(file).catch(() => undefined)
    const type = types[extname(file)] ?? 'application/octet-stream'
    return body && { type, body }
  })
}
