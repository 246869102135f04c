import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { wasm } from '@mobileone/backend-wasm'
import { toSafetensors } from '@mobileone/checkpoint'
import { isMobileOneError, profile, variants, withCard } from '@mobileone/core'
import type { Engine } from '@mobileone/train'
import { defineCommand, UsageError } from '../command.ts'
import { writeFileAtomic } from '../files.ts'
import { jsonFlag, namingFlag, outputFlag, storageFlag } from '../flags.ts'
import { interrupted } from '../session.ts'
import { formatBytes, formatCount, formatPercent, printJson, printLine, progressBar } from '../terminal.ts'
import { chooseModel } from '../training/choose-model.ts'
import { chooseRecipe } from '../training/choose-recipe.ts'
import { openLog } from '../training/log.ts'
import { evaluationBatches, openData, trainingBatches } from '../training/open-data.ts'
import { serveChart } from '../training/serve-chart.ts'
import { writePlan } from '../training/write-plan.ts'

export const train = defineCommand({
  name: 'train',
  summary: 'Train a MobileOne with the recipe of the paper, in this process.',
  details:
    'The data set is fashion-mnist (Debian: apt install dataset-fashion-mnist), a folder of IDX files, or a folder with a\n' +
    'sub-folder of pictures per class, which may be split into train/ and val/. The network is in train form; what is written is\n' +
    "the moving average of its weights, with labels, mean and deviation and the recipe in the file's card. It is a checkpoint as any\n" +
    'other: classify, eval and export fold it.\n' +
    '\n' +
    'The recipe is fashion-mnist, or s0 to s4 for those of the paper, or a JSON file: { "extends": "s0", "epochs": 60,\n' +
    '"learningRate": { "peak": 0.05 } }. Every value can be overridden; --print-recipe shows the result.\n' +
    '\n' +
    'A run keeps <output>.checkpoint after every epoch and when it is interrupted; --resume goes on from there and ends with the\n' +
    'same weights, bit for bit, as an unbroken run with as many --workers. Each worker normalises by its own part of a batch.\n' +
    '\n' +
    'Needs TensorFlow.js in the project: npm i @tensorflow/tfjs @tensorflow/tfjs-backend-wasm. ImageNet takes days here: --plan\n' +
    'torch writes the script and the torchrun command that train the same recipe with PyTorch; its checkpoint is read here.',
  positionals: '',
  minPositionals: 0,
  maxPositionals: 0,
  flags: {
    dataset: { type: 'string', short: 'd', value: '<name|folder>', help: 'What to train on' },
    validation: {
      type: 'string',
      value: '<folder>',
      help: 'Pictures to measure accuracy on after each epoch',
    },
    'hold-out': {
      type: 'number',
      least: 0,
      isFraction: true,
      value: '<n>',
      help: 'Keep n images, or that fraction, for it instead, the same share of each class',
    },
    balance: { type: 'boolean', help: 'Show every class equally often' },
    variant: {
      type: 'string',
      value: '<name>',
      help: 'Train this network from random weights',
      choices: Object.keys(variants),
    },
    network: {
      type: 'string',
      value: '<small|json>',
      help: 'The network for images of about 28 x 28, or a configuration of your own',
    },
    width: {
      type: 'number',
      least: 0,
      isFraction: true,
      value: '<x>',
      help: 'Scale the channels of the network "small"',
    },
    branches: { type: 'number', short: 'k', value: '<k>', help: 'Parallel branches of each block' },
    weights: {
      type: 'string',
      short: 'w',
      value: '<path|url|hub id>',
      help: 'Start from these, with a new head where the classes differ',
    },
    recipe: { type: 'string', short: 'r', value: '<name|json>', help: 'How to train' },
    epochs: { type: 'number', value: '<n>', help: 'Epochs; the schedule is stretched over them' },
    seed: { type: 'number', least: 0, value: '<n>', help: 'Of weights, order and augmentation' },
    'batch-size': { type: 'number', value: '<n>', help: 'Images per step' },
    'learning-rate': {
      type: 'number',
      least: 0,
      isFraction: true,
      value: '<x>',
      help: 'The highest learning rate',
    },
    size: {
      type: 'number',
      value: '<pixels>',
      help: 'Scale the image sizes of the recipe so that the last is this',
    },
    'print-recipe': { type: 'boolean', help: 'Print the recipe as JSON and stop' },
    plan: {
      type: 'string',
      value: '<torch>',
      help: 'Write the files that train the recipe elsewhere, into the folder --output',
      choices: ['torch'],
    },
    devices: { type: 'number', value: '<n>', help: 'GPUs of the machine that --plan is for', default: 8 },
    output: { ...outputFlag, help: 'The weights to write, .safetensors' },
    storage: storageFlag,
    naming: namingFlag,
    resume: { type: 'boolean', help: 'Go on from <output>.checkpoint where there is one' },
    log: { type: 'string', value: '<path>', help: 'Write losses and accuracies as JSON lines' },
    'log-every': {
      type: 'number',
      value: '<steps>',
      help: 'Steps between two lines of the log',
      default: 50,
    },
    chart: {
      type: 'number',
      least: 0,
      value: '<port>',
      help: 'Serve a page that draws the log as it grows; 0 picks a port',
    },
    workers: {
      type: 'number',
      value: '<n>',
      help: 'Threads that share each batch; default: half of the processors',
    },
    'tfjs-backend': {
      type: 'string',
      value: '<name>',
      help: 'Backend of TensorFlow.js',
      choices: ['wasm', 'cpu'],
      default: 'wasm',
    },
    json: jsonFlag,
  },
  examples: [
    'mobileone train --dataset fashion-mnist -o fashion.safetensors --hold-out 5000',
    'mobileone train --dataset pictures/ --weights timm/mobileone_s0.apple_in1k --epochs 20 --learning-rate 0.01 -o mine.safetensors',
    'mobileone train --dataset fashion-mnist -o fashion.safetensors --resume --log fashion.jsonl --chart 8080',
    'mobileone train --dataset imagenet/ --variant s2 --plan torch -o plan/',
  ],
  async run(_, flags) {
    const recipe = await chooseRecipe(flags)
    if (flags['print-recipe']) return printJson(recipe)
    const { output } = flags
    if (output === undefined) throw new UsageError('tell where to write with -o <path.safetensors>')
    if (flags.plan !== undefined) return writePlan(flags, recipe, output)
    const library = await import('@mobileone/train')
    const { parallelEngine, startTfjs } = await import('@mobileone/train/node')

    const data = await openData(flags, recipe)
    const model = await chooseModel(flags, data, recipe)
    const backend = flags['tfjs-backend'] as 'wasm' | 'cpu'
    const lib = await startTfjs({ backend })
    const workers = flags.workers ?? Math.max(1, Math.floor(availableParallelism() / 2))

    const checkpointPath = `${output}.checkpoint`
    const resume = flags.resume ? await readIfThere(checkpointPath) : undefined
    const log = openLog(flags.log, resume ? await library.checkpointStep(resume) : 0)
    const chart = flags.chart === undefined ? undefined : await serveChart(flags.chart, log)
    const record = (entry: object): void => {
      log.write(entry)
      chart?.push(entry)
    }
    const say = (line: string): void =>
      void (flags.json ? process.stderr.write(`${line}\n`) : printLine(line))
    const progress = progressBar()
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
      let step = 0
      const started = performance.now()
      const result = await library.train(model, {
        lib,
        recipe,
        data: source,
        backend: wasm(),
        signal: interrupted,
        ...(validation && { validation }),
        ...(engine && { engine }),
        ...(resume && { resume }),
        save: (bytes) => writeFileAtomic(checkpointPath, bytes),
        onEvent(event) {
          if (event.type === 'step') {
            step = event.step
            progress.onProgress({
              phase: `epoch ${event.epoch}/${recipe.epochs} loss ${event.loss.toFixed(3)} ${Math.round(event.imagesPerSecond)} images/s`,
              done: event.step,
              total: event.steps,
            })
            if (event.step % flags['log-every'] === 0) record(rounded(event))
          } else if (event.type === 'epoch') {
            record(rounded({ ...event, step }))
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
            perClass: Object.fromEntries(
              test.labels.map((label, index) => [label, measured.perClass[index]]),
            ),
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
    } catch (error) {
      progress.end()
      if (isMobileOneError(error) && error.code === 'aborted')
        process.stderr.write(`the run is kept in ${checkpointPath}; the same command with --resume goes on\n`)
      throw error
    } finally {
      log.close()
      await Promise.all([chart?.close(), engine?.dispose(), source.dispose?.(), validation?.dispose?.()])
    }
  },
})

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
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
