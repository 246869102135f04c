import { availableParallelism } from 'node:os'
import { wasm } from '@mobileone/backend-wasm'
import { toSafetensors } from '@mobileone/checkpoint'
import { isMobileOneError, MobileOneError, type Model, profile, withCard } from '@mobileone/core'
import type { Engine, Recipe, TrainEvent } from '@mobileone/train'
import { writeFileAtomic } from '../files.ts'
import { interrupted } from '../session.ts'
import { formatBytes, formatCount, formatPercent, printJson, printLine, printNote } from '../terminal.ts'
import { type CheckpointFile, openCheckpoint } from './checkpoint-file.ts'
import { chooseModel, type NetworkFlags } from './choose-model.ts'
import { chooseRecipe, type RecipeFlags } from './choose-recipe.ts'
import { openLog } from './log.ts'
import {
  type DataFlags,
  evaluationBatches,
  openData,
  prepareData,
  type TrainingData,
  trainingBatches,
} from './open-data.ts'
import { formatDuration, trainingProgress } from './progress.ts'
import { serveChart } from './serve-chart.ts'
import {
  keepBatch,
  noteOnParts,
  type SuitedBatch,
  suitBatch,
  suitedBefore,
  suitSize,
  suitWorkers,
} from './suit-recipe.ts'

export interface TrainingFlags extends DataFlags, NetworkFlags, RecipeFlags {
  readonly workers?: number | undefined
  readonly 'tfjs-backend': string
  readonly resume: boolean
  readonly log?: string | undefined
  readonly 'log-every': number
  readonly chart?: number | undefined
  readonly storage: string
  readonly naming: string
  readonly json: boolean
}

/** A run about which the user is told beforehand, in seconds. */
const longRun = 3600

/**
 * Train as the flags say and write the weights to `output`; without one print the recipe.
 * @throws MobileOneError with what was saved, and how to go on; `aborted` when the program is interrupted.
 */
export async function runTraining(flags: TrainingFlags, output: string | undefined): Promise<void> {
  const run: Progress = { step: 0, steps: 0, isSaved: false }
  try {
    await trainAndWrite(flags, output, run)
  } catch (error) {
    if (!isMobileOneError(error)) throw error
    if (interrupted.aborted && error.code === 'aborted')
      throw new MobileOneError('aborted', stopped(run, output, flags.resume), { cause: error })
    if (!run.isSaved || error.code === 'wrong-result') throw error
    throw new MobileOneError(error.code, `${error.message}; ${kept(output)}`, { cause: error })
  }
}

interface Progress {
  step: number
  steps: number
  /** This run has written its checkpoint. */
  isSaved: boolean
}

function stopped({ step, steps, isSaved }: Progress, output: string | undefined, isResumed: boolean): string {
  const where =
    step > 0 ? `after step ${formatCount(step)} of ${formatCount(steps)}` : 'before the first step'
  if (isSaved || (isResumed && steps > 0)) return `stopped ${where}; ${kept(output)}`
  return `stopped ${where}; nothing was saved`
}

function kept(output: string | undefined): string {
  return `the run is kept in ${output}.checkpoint; the same command with --resume goes on`
}

async function trainAndWrite(flags: TrainingFlags, output: string | undefined, run: Progress): Promise<void> {
  const library = await import('@mobileone/train')
  const { parallelEngine, startTfjs } = await import('@mobileone/train/node')
  const backend = flags['tfjs-backend'] as 'wasm' | 'cpu'

  const checkpoint =
    output === undefined ? undefined : await openCheckpoint(`${output}.checkpoint`, flags.resume)
  const suited = await suit(flags, checkpoint, backend)
  const { recipe, data, model, workers } = suited
  if (output === undefined || !checkpoint) return printJson(recipe)
  const { resume } = checkpoint
  const lib = await startTfjs({ backend })
  const log = openLog(flags.log, resume?.step ?? 0)
  const chart = flags.chart === undefined ? undefined : await serveChart(flags.chart, log)
  const record = (entry: object): void => {
    log.write(entry)
    chart?.push(entry)
  }
  const say = (line: string): void => (flags.json ? printNote : printLine)(line)
  const progress = trainingProgress()
  const source = trainingBatches(data, recipe)
  const validation = data.validation && evaluationBatches(data.validation, data)
  // Its threads keep the process alive until they are ended, so nothing may fail between here and there.
  let engine: Engine | undefined
  try {
    if (workers > 1) engine = await parallelEngine(model, { workers, backend, project: process.cwd() })
    say(`${model.name} in train form, ${formatCount(profile(model).params)} parameters, on ${data.source}`)
    say(
      `  ${formatCount(source.examples)} images in ${source.labels.length} classes, ${recipe.epochs} epochs, ` +
        `tfjs ${backend}, ${workers} worker${workers > 1 ? 's' : ''}${resume ? ', resumed' : ''}`,
    )
    for (const line of describeRecipe(suited)) say(`  ${line}`)
    if (checkpoint.note) say(`  ${checkpoint.note}`)
    if (chart) say(`  ${chart.url} shows how it goes`)
    if (!resume)
      record({
        type: 'start',
        model: model.name,
        dataset: data.source,
        images: source.examples,
        workers,
        backend,
        recipe,
      })
    const started = performance.now()
    let taken = 0
    const onStep = (event: Extract<TrainEvent, { type: 'step' }>): void => {
      run.step = event.step
      run.steps = event.steps
      taken++
      // The first step compiles; one that takes long tells enough.
      const isTelling = taken === 2 || (taken === 1 && performance.now() - started > 20_000)
      if (isTelling && event.secondsLeft > longRun) {
        progress.end()
        printNote(longRunWarning(event.secondsLeft))
        taken = 2
      }
      progress.step(event, recipe.epochs)
      if (event.step % flags['log-every'] === 0) record(rounded(event))
    }
    const result = await library.train(model, {
      lib,
      recipe,
      data: source,
      backend: wasm(),
      signal: interrupted,
      ...(validation && { validation }),
      ...(engine && { engine }),
      ...(resume && { resume: resume.bytes }),
      save: checkpoint.save,
      onEvent(event) {
        if (event.type === 'step') onStep(event)
        else if (event.type === 'saved') run.isSaved = true
        else {
          record(rounded({ ...event, step: run.step }))
          progress.end()
          say(
            `  epoch ${String(event.epoch).padStart(3)}  loss ${event.loss.toFixed(4)}  training ${formatPercent(event.trainTop1)}` +
              `${event.top1 === undefined ? '' : `  validation ${formatPercent(event.top1)}`}  ${event.seconds.toFixed(0)} s`,
          )
        }
      },
    })
    progress.end()
    const seconds = (performance.now() - started) / 1000
    const test = data.test ?? data.validation
    const written = withCard(result.model, { source: data.source })
    const bytes = toSafetensors(written, {
      storage: flags.storage as 'float32',
      naming: flags.naming as 'canonical',
    })
    await writeFileAtomic(output, bytes)
    // What is measured is the file as it is read back, rounding included.
    const { loadModel } = await import('@mobileone/sdk')
    const measured =
      test &&
      (await library.evaluate(await loadModel(bytes), evaluationBatches(test, data), {
        backend: wasm(),
        signal: interrupted,
      }))
    const summary = {
      output,
      bytes: bytes.length,
      steps: result.steps,
      seconds,
      ...(measured && {
        [data.test ? 'test' : 'validation']: {
          images: measured.images,
          top1: measured.top1,
          perClass: Object.fromEntries(test.labels.map((label, index) => [label, measured.perClass[index]])),
        },
      }),
    }
    record({ type: 'end', ...summary })
    if (flags.json) return printJson(summary)
    if (measured)
      printLine(
        `${formatPercent(measured.top1)} of ${formatCount(measured.images)} ${data.test ? 'test' : 'validation'} images, folded`,
      )
    printLine(
      `${output} (${formatBytes(bytes.length)}), ${formatCount(result.steps)} steps in ${(seconds / 60).toFixed(1)} minutes`,
    )
  } finally {
    progress.end()
    log.close()
    await Promise.all([chart?.close(), engine?.dispose(), source.dispose?.(), validation?.dispose?.()])
  }
}

interface Suited extends SuitedBatch {
  readonly data: TrainingData
  readonly model: Model
  /** Threads that share a batch. */
  readonly workers: number
}

/** Data, network and recipe that suit each other and this machine. */
async function suit(
  flags: TrainingFlags,
  checkpoint: CheckpointFile | undefined,
  backend: 'wasm' | 'cpu',
): Promise<Suited> {
  const named = await chooseRecipe(flags)
  const opened = await openData(flags, named)
  const sized = await suitSize(flags, named, opened.shorterSide)
  const data = prepareData(opened, sized)
  const model = await chooseModel(flags, data, sized)
  const stored = checkpoint?.resume?.recipe
  // What suits depends on the memory that is free; a run goes on as it began.
  const share = (workers: number): SuitedBatch =>
    stored
      ? keepBatch(suitedBefore(flags, sized, stored), model, { workers, backend })
      : suitBatch(flags, sized, model, data.train.size, { workers, backend })
  let workers = flags.workers ?? Math.max(1, Math.floor(availableParallelism() / 2))
  let batch = share(workers)
  // Fewer workers have larger parts, for which the memory may hold smaller batches only.
  while (flags.workers === undefined && suitWorkers(batch.recipe, workers) < workers) {
    workers = suitWorkers(batch.recipe, workers)
    batch = share(workers)
  }
  return { data, model, workers, ...batch }
}

function describeRecipe({ recipe, data, bytes, note, workers }: Suited): readonly string[] {
  const { size, batchSize } = recipe.curriculum.at(-1) as Recipe['curriculum'][number]
  const lines = [
    `recipe ${recipe.name}: ${size[0]} x ${size[1]} pixels of pictures whose shorter side is ${data.shorterSide} (the median), ` +
      `batches of ${batchSize}: some ${formatBytes(bytes)} in each worker`,
  ]
  return [...lines, note, noteOnParts(recipe, workers)].filter((line) => line !== undefined)
}

function longRunWarning(seconds: number): string {
  return (
    `this run will take about ${formatDuration(seconds)} on this machine, as far as its first steps tell; fewer --epochs, a ` +
    'smaller --size or --network small shorten it, --plan torch trains elsewhere, and Ctrl-C keeps what is done'
  )
}

/** Numbers as a log needs them. */
function rounded(event: object): object {
  return Object.fromEntries(
    Object.entries(event).map(([key, value]) => [
      key,
      typeof value === 'number' ? Number(value.toPrecision(6)) : value,
    ]),
  )
}
