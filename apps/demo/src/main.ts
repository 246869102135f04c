/**
 * The main job in one command: read a train-form checkpoint, fold its branches, run the plain network on the embedded
 * WebAssembly backend, print the best classes of each picture.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compareModels, printable, printableLines } from '@mobileone/core'
import { createClassifier, profile, reference, reparameterize, wasm } from '@mobileone/sdk'
import { decode } from '@mobileone/vision'
import { assetUrl, readDescription, readModel } from './embedded.ts'

const usage = `npm run demo [-- <picture>...]

Reads the train-form checkpoint of the demo, folds its branches, runs the plain network on the embedded WebAssembly backend, and prints
the best classes of each picture: files or addresses of clothes, as on white paper. Without any it takes ten pictures of the Fashion-MNIST test set.

  --help  print this
`

const timedRuns = 200
const shown = 3

const line = (text = ''): boolean => process.stdout.write(`${printableLines(text)}\n`)
const field = (name: string, value: string): boolean => line(`  ${name.padEnd(12)} ${value}`)
const count = (value: number): string => value.toLocaleString('en-US')
const bar = (share: number): string => '█'.repeat(Math.round(20 * share)).padEnd(20, '░')

/** Where a path leads to no file, its error, before anything is folded. Addresses are not looked at. */
async function checkPaths(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (!/^(https?|data|blob|file):/i.test(path) && !existsSync(path)) await decode(path)
  }
}

async function main(): Promise<void> {
  const { values, positionals: given } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) return void process.stdout.write(usage)
  await checkPaths(given)
  const description = readDescription()
  const train = readModel(description)
  const { test, trained } = description
  const labels = train.card?.labels ?? []

  line('\nMobileOne: a train-form checkpoint in, pictures classified\n')
  field(
    'model',
    `${train.name}, ${labels.length} kinds of clothes, ${train.inputs.image?.shape.join('x')} grey`,
  )
  field(
    'trained',
    `with @mobileone/train, ${trained.epochs} epochs of ${count(trained.images)} images of Fashion-MNIST in ${trained.minutes} minutes`,
  )
  field(
    'accuracy',
    `${(100 * test.top1).toFixed(2)} % top-1 on the ${count(test.images)} test images, measured on this file, folded`,
  )

  const foldStart = performance.now()
  const deploy = reparameterize(train)
  const foldMs = performance.now() - foldStart
  const { maxAbsError } = await compareModels(train, deploy, { backend: reference(), runs: 4 })
  const costs = [profile(train), profile(deploy)] as const
  field(
    'train form',
    `${count(costs[0].params)} parameters in ${train.nodes.length} nodes, parallel branches in each block`,
  )
  field(
    'deploy form',
    `${count(costs[1].params)} parameters in ${deploy.nodes.length} nodes, ${(costs[1].macs / 1e6).toFixed(1)} M MACs`,
  )
  field('folding', `${foldMs.toFixed(1)} ms, largest difference of an output ${maxAbsError.toExponential(1)}`)

  const backend = wasm()
  const probe = await backend.probe()
  const compileStart = performance.now()
  const classifier = await createClassifier({ model: deploy, backend })
  const compileMs = performance.now() - compileStart
  try {
    field(
      'backend',
      `${classifier.backend} (${probe.ok ? probe.features.join(', ') : probe.reason}), compiled in ${compileMs.toFixed(1)} ms, ${count(Math.round(classifier.executor.memory.bytes / 1000))} kB of memory`,
    )

    const pictures: readonly { path: string | URL; name: string; truth?: string }[] =
      given.length > 0
        ? given.map((path) => ({ path, name: path }))
        : description.pictures.map(({ image, class: index }) => ({
            path: assetUrl(image),
            name: image,
            truth: labels[index] as string,
          }))
    let right = 0
    for (const { path, name, truth } of pictures) {
      const top = await classifier.classify(path, { topK: shown })
      const best = top[0]?.label
      if (best === truth) right++
      line(
        `\n  ${printable(name)}${truth === undefined ? '' : `  is ${truth}: ${best === truth ? 'right' : 'wrong'}`}`,
      )
      for (const { label, score } of top)
        line(`    ${label.padEnd(12)} ${bar(score)} ${(100 * score).toFixed(1).padStart(5)} %`)
    }
    line()
    if (given.length === 0)
      field('result', `${right} of ${pictures.length} right (the first test image of each class)`)
    const times: number[] = []
    for (let run = 0; run < timedRuns; run++) {
      const start = performance.now()
      await classifier.warmUp()
      times.push(performance.now() - start)
    }
    times.sort((a, b) => a - b)
    field(
      'latency',
      `${(times[timedRuns / 2] as number).toFixed(2)} ms an image, median of ${timedRuns} runs on one thread\n`,
    )
  } finally {
    await classifier.dispose()
  }
}

main().catch((error: Error) => {
  process.stderr.write(`demo: ${printableLines(error.message)}\n`)
  process.exitCode = 1
})
