import { writeFileSync } from 'node:fs'
import { wasm } from '@mobileone/backend-wasm'
import { type Backend, reference, type Variant, variants } from '@mobileone/core'
import { randomDeployModel } from '@mobileone/measure'
import { createClassifier, type Prediction } from '@mobileone/sdk'
import { expect, it } from 'vitest'
import { checkScores } from '../src/workload/expected-scores.ts'
import { workloadPicture } from '../src/workload/picture.ts'

/** `MOBILEONE_EXPECTED=1 npx vitest run apps/benchmark/test/expected-scores.test.ts` makes the file anew, in minutes. */
const isNew = Boolean(process.env.MOBILEONE_EXPECTED)

async function predictionsOf(network: Variant, backend: Backend): Promise<Prediction[]> {
  const model = randomDeployModel(variants[network])
  await using classifier = await createClassifier({ model, backend, decoder: false })
  return await classifier.classify(workloadPicture())
}

async function writeScores(): Promise<void> {
  const rows: string[] = []
  for (const network of Object.keys(variants) as Variant[]) {
    const predictions = await predictionsOf(network, reference())
    const scores = predictions.map(({ index, score }) => `[${index}, ${Number(score.toPrecision(7))}]`)
    rows.push(`  "${network}": [${scores.join(', ')}]`)
  }
  const file = new URL('../src/workload/expected-scores.json', import.meta.url)
  writeFileSync(file, `{\n${rows.join(',\n')}\n}\n`)
}

it('knows what the networks make of the picture', { timeout: isNew ? 3_600_000 : 60_000 }, async () => {
  if (isNew) await writeScores()
  for (const network of ['s0', 's1', 's4'] as const) {
    const predictions = await predictionsOf(network, wasm())
    expect(() => checkScores(network, predictions), network).not.toThrow()
    const others = predictions.map((each) => ({ ...each, score: each.score * 1.02 }))
    expect(() => checkScores(network, others), network).toThrow(/^wrong: class \d+ has the score/)
    expect(() => checkScores(network, predictions.slice(1)), network).toThrow('not among the best')
  }
})
