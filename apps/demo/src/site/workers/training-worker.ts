import '@mobileone/site-kit/comlink-errors'
import { wasm } from '@mobileone/backend-wasm'
import { toSafetensors } from '@mobileone/checkpoint'
import { MobileOneError } from '@mobileone/core'
import { expose, transfer } from 'comlink'
import type { FoldReport } from '../views/train/compare-forms.ts'
import { type DataRequest, loadPictures } from '../views/train/load-pictures.ts'
import type { PreparedData } from '../views/train/prepared-data.ts'
import { type Job, type RunEvent, Trainer } from '../views/train/trainer.ts'

/** What came of a run so far: how its two forms compare, and the files to keep. */
export interface Result {
  readonly report: FoldReport
  /** Safetensors of the train form and of what it folds into. */
  readonly trained: Uint8Array<ArrayBuffer>
  readonly folded: Uint8Array<ArrayBuffer>
}

let trainer: Trainer | undefined

const opened = (): Trainer => {
  if (trainer) return trainer
  throw new MobileOneError('invalid-argument', 'there is no run in this worker')
}

const api = {
  load: async (
    request: DataRequest,
    onProgress: (done: number, total: number) => void,
  ): Promise<PreparedData> => {
    const data = await loadPictures(request, { onProgress })
    const { train, held } = data
    return transfer(
      data,
      [train, held].flatMap(({ pixels, classes }) => [pixels.buffer, classes.buffer]),
    )
  },
  async open(job: Job): Promise<Trainer['network']> {
    const { startTfjs } = await import('../views/train/start-tfjs.ts')
    trainer = new Trainer(job, await startTfjs(), wasm({ threads: 1 }))
    return trainer.network
  },
  /** Learn until the end or until `pause`. */
  run: (onEvent: (event: RunEvent) => void): Promise<'done' | 'paused'> => opened().run(onEvent),
  pause: (): void => opened().pause(),
  async fold(): Promise<Result> {
    const { report, trained, folded } = await opened().fold()
    const files = [trained, folded].map(
      (model) => toSafetensors(model, { graph: true }) as Uint8Array<ArrayBuffer>,
    )
    const [trainedFile, foldedFile] = files as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]
    return transfer(
      { report, trained: trainedFile, folded: foldedFile },
      files.map(({ buffer }) => buffer),
    )
  },
}
export type TrainingApi = typeof api
expose(api)
