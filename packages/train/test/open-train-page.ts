import { fileURLToPath } from 'node:url'
import { openModulePage, softwareGpu } from '@mobileone/testkit'
import type { TrainPage } from './train-page.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const openTrainPage = (): ReturnType<typeof openModulePage> =>
  openModulePage({
    entry: path('train-page.ts'),
    folders: { '/tfjs/': path('../node_modules/@tensorflow/tfjs-backend-wasm/dist') },
    chromiumArguments: [...softwareGpu, '--enable-unsafe-swiftshader'],
  })

/** The largest difference of the gradients that `backend` computes in Chromium from those of the cpu backend. */
export async function gradientDifference(backend: string): Promise<number> {
  const { page, close } = await openTrainPage()
  try {
    return await page.evaluate(
      (name) => (globalThis as unknown as TrainPage).gradientDifference(name),
      backend,
    )
  } finally {
    await close()
  }
}
