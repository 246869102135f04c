import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import type { Backend } from '@mobileone/core'
import {
  checkExecutor,
  goldenPath,
  imagenetRule,
  loadPhotographs,
  openModulePage,
  type Photograph,
  readGolden,
  softwareGpu,
  wrongChecks,
} from '@mobileone/testkit'
import { preprocess } from '@mobileone/vision'

/** The first `count` photographs, as S0 takes them. */
export function loadPreprocessed(count: number): Promise<readonly Photograph[]> {
  return loadPhotographs(count, (bytes) => preprocess(bytes, imagenetRule, { orientation: 'ignore' }))
}

/** What is wrong with the logits that S0 on `backend` gives for `photographs`. */
export async function wrongOnS0(
  backend: Backend,
  photographs: readonly Photograph[],
): Promise<ReturnType<typeof wrongChecks>> {
  const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
  await using executor = await backend.compile(model)
  return wrongChecks(await checkExecutor(executor, photographs))
}

/** A page in Chromium that runs S0 on the backends of photographs-page.ts. */
export function openPhotographsPage(): ReturnType<typeof openModulePage> {
  return openModulePage({
    entry: fileURLToPath(new URL('photographs-page.ts', import.meta.url)),
    folders: { '/golden/': goldenPath() },
    chromiumArguments: softwareGpu,
  })
}
