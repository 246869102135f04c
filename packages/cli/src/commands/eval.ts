import { MobileOneError } from '@mobileone/core'
import { median, percentile } from '@mobileone/measure'
import { preprocess, topK } from '@mobileone/vision'
import { backendDetails, backendFlags } from '../backends.ts'
import { defineCommand } from '../command.ts'
import { namesIn, openDataset } from '../dataset.ts'
import {
  jsonFlag,
  offlineFlag,
  orientationFlag,
  sha256Flag,
  shapeFlags,
  variantFlag,
  weightsFlag,
} from '../flags.ts'
import { orUnreadable, type Unreadable } from '../pictures.ts'
import { classifierFor, interrupted, sourceOf } from '../session.ts'
import { formatMs, formatPercent, printable, printJson, printLine, progressBar } from '../terminal.ts'

const best = 5

export const evaluate = defineCommand({
  name: 'eval',
  summary: 'Measure top-1 and top-5 accuracy over a folder of labelled pictures.',
  details:
    'The class of a picture is its sub-folder (a synset such as n01440764, a label, or an index) or the synset its file name\nbegins with. A folder of IDX files (MNIST, Fashion-MNIST) is evaluated on its t10k set.\nms is the time of one run of the network, without decoding and resizing.\nPictures that cannot be read are told and left out of the count; the exit code is then 1.' +
    `\n\n${backendDetails}`,
  positionals: '<folder>',
  minPositionals: 1,
  maxPositionals: 1,
  flags: {
    weights: weightsFlag,
    variant: variantFlag,
    ...shapeFlags,
    ...backendFlags,
    limit: { type: 'number', value: '<n>', help: 'Stop after n pictures' },
    orientation: orientationFlag('ignore'),
    sha256: sha256Flag,
    offline: offlineFlag,
    json: jsonFlag,
  },
  examples: [
    'mobileone eval imagenet/val --variant s0',
    'mobileone eval /usr/share/fashion-mnist --weights mine.safetensors --json',
  ],
  async run([folder = ''], flags) {
    sourceOf(flags)
    await namesIn(folder)
    const classifier = await classifierFor(flags)
    const progress = progressBar()
    try {
      const classes = classifier.executor.outputs.logits?.shape[1] ?? 0
      const dataset = await openDataset(folder, classes, classifier.labels)
      const total = Math.min(dataset.count, flags.limit ?? dataset.count)
      const times: number[] = []
      const unreadable: Unreadable[] = []
      let top1 = 0
      let top5 = 0
      await classifier.warmUp()
      for await (const example of dataset.examples()) {
        if (times.length + unreadable.length === total) break
        const input = await orUnreadable(example.name, () =>
          preprocess(example.image, classifier.preprocess, {
            orientation: flags.orientation as 'apply' | 'ignore',
            signal: interrupted,
          }),
        )
        if ('error' in input) {
          unreadable.push(input)
          continue
        }
        const start = performance.now()
        const logits = await classifier.logits(input, { signal: interrupted })
        times.push(performance.now() - start)
        const guesses = topK(logits, best).map(({ index }) => index)
        if (guesses[0] === example.label) top1++
        if (guesses.includes(example.label)) top5++
        progress.onProgress({
          phase: `top-1 ${formatPercent(top1 / times.length)}`,
          done: times.length + unreadable.length,
          total,
        })
      }
      progress.end()
      if (times.length === 0) {
        throw new MobileOneError(
          'invalid-file',
          `none of the ${unreadable.length} pictures in ${folder} can be read`,
        )
      }
      const result = {
        count: times.length,
        top1: top1 / times.length,
        top5: top5 / times.length,
        backend: classifier.backend,
        ms: { median: median(times), p95: percentile(times, 0.95) },
        ...(unreadable.length > 0 && { unreadable }),
      }
      if (flags.json) printJson(result)
      else {
        printLine(
          `${printable(classifier.model.name)} on ${result.count} pictures of ${folder} (${classifier.backend})`,
        )
        printLine(`  top-1 ${formatPercent(result.top1)}   top-5 ${formatPercent(result.top5)}`)
        printLine(`  median ${formatMs(result.ms.median)}   p95 ${formatMs(result.ms.p95)} a picture`)
      }
    } finally {
      progress.end()
      await classifier.dispose()
    }
  },
})
