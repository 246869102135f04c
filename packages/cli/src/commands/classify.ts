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
import { openPicture, orUnreadable, type Unreadable } from '../pictures.ts'
import { classifierFor, interrupted } from '../session.ts'
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
    const classifier = await classifierFor(flags)
    try {
      const results: ({ file: string; top: Prediction[] } | Unreadable)[] = []
      for (const file of files) {
        const top = await orUnreadable(file, async () =>
          classifier.classify(await openPicture(file), {
            topK: flags.top,
            orientation: flags.orientation as 'apply' | 'ignore',
            signal: interrupted,
          }),
        )
        results.push('error' in top ? top : { file, top })
        if (!flags.json && !('error' in top)) printPredictions(file, top)
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
