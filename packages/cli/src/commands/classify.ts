import type { Prediction } from '@mobileone/vision'
import { backendDetails, backendFlags } from '../backends.ts'
import { defineCommand } from '../command.ts'
import {
  jsonFlag,
  offlineFlag,
  orientationFlag,
  sha256Flag,
  shapeFlags,
  variantFlag,
  weightsFlag,
} from '../flags.ts'
import { messageOf, openPictures, type Unreadable, unreadable, whyMissing } from '../pictures.ts'
import { classifierFor, interrupted, sourceOf } from '../session.ts'
import { bar, printable, printJson, printLine } from '../terminal.ts'

export const classify = defineCommand({
  name: 'classify',
  summary: 'Classify pictures: the best classes of each, with their scores.',
  details:
    'A picture that cannot be read is told on standard error, and in its place of the JSON document; the others go on, and the exit\n' +
    `code is 1. - reads a picture from standard input.\n\n${backendDetails}`,
  positionals: '<image...>',
  minPositionals: 1,
  maxPositionals: Number.POSITIVE_INFINITY,
  flags: {
    weights: weightsFlag,
    variant: variantFlag,
    ...shapeFlags,
    ...backendFlags,
    top: { type: 'number', short: 'k', value: '<k>', help: 'Classes per picture', default: 5 },
    orientation: orientationFlag('apply'),
    sha256: sha256Flag,
    offline: offlineFlag,
    json: jsonFlag,
  },
  examples: [
    'mobileone classify cat.jpg --variant s0',
    'mobileone classify *.jpg --weights mobileone_s1_unfused.pth.tar --top 3 --json',
    'curl -s https://example.com/cat.jpg | mobileone classify - --variant s0',
    'mobileone classify cat.jpg --variant s0 --backend webgpu --verify',
    'mobileone classify cat.jpg --weights MobileOne.mlpackage --backend coreml',
  ],
  async run(files, flags) {
    sourceOf(flags)
    const missing = await Promise.all(files.map(whyMissing))
    if (missing.every((error) => error !== undefined)) {
      const results = missing.map(({ message }, index) => unreadable(files[index] as string, message))
      if (flags.json) printJson(results)
      return
    }
    const classifier = await classifierFor(flags)
    try {
      const results: ({ file: string; top: Prediction[] } | Unreadable)[] = []
      const unopened = new Map<number, Error>()
      const items = classifier.classifyEach(openPictures(files, unopened), {
        topK: flags.top,
        orientation: flags.orientation as 'apply' | 'ignore',
        signal: interrupted,
      })
      for await (const { index, value, error } of items) {
        const file = files[index] as string
        if (error) results.push(unreadable(file, messageOf(file, index, unopened.get(index) ?? error)))
        else {
          results.push({ file, top: value })
          if (!flags.json) printPredictions(file, value)
        }
      }
      if (flags.json) printJson(results)
    } finally {
      await classifier.dispose()
    }
  },
})

/** A file name and a bar for each of its predictions. */
export function printPredictions(file: string, top: readonly Prediction[]): void {
  const rows = top.map(({ label, score }) => ({ label: printable(label), score }))
  const width = Math.max(...rows.map(({ label }) => label.length))
  printLine(printable(file))
  for (const { label, score } of rows) {
    printLine(`  ${label.padEnd(width)}  ${bar(score)} ${(100 * score).toFixed(1).padStart(5)} %`)
  }
}
