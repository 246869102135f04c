import { readFileSync, writeFileSync } from 'node:fs'
import { wasm } from '@mobileone/backend-wasm'
import { type Backend, profile, reference } from '@mobileone/core'
import { createClassifier, type Prediction } from '@mobileone/sdk'
import { expect, it } from 'vitest'
import { checkScores } from '../src/workload/expected-scores.ts'
import { networkNames, type WorkloadNetwork, workloadModel } from '../src/workload/networks.ts'
import { workloadPicture } from '../src/workload/picture.ts'

/**
 * `MOBILEONE_EXPECTED=missing npx vitest run apps/benchmark/test/expected-scores.test.ts` adds to the file what it lacks, `=all` makes it anew;
 * the naive reference takes minutes for the larger ones. `=check` checks every network, not only a few.
 */
const { MOBILEONE_EXPECTED: wanted } = process.env
const file = new URL('../src/workload/expected-scores.json', import.meta.url)

type Scores = Record<string, readonly (readonly number[])[]>

async function predictionsOf(network: WorkloadNetwork, backend: Backend): Promise<Prediction[]> {
  await using classifier = await createClassifier({ model: workloadModel(network), backend, decoder: false })
  return await classifier.classify(workloadPicture())
}

async function writeScores(): Promise<void> {
  const scores: Scores = wanted === 'all' ? {} : JSON.parse(readFileSync(file, 'utf8'))
  const missing = networkNames
    .filter((network) => !Object.hasOwn(scores, network))
    .map((network) => ({ network, macs: profile(workloadModel(network)).macs }))
    .sort((a, b) => a.macs - b.macs)
  for (const { network } of missing) {
    const predictions = await predictionsOf(network, reference())
    scores[network] = predictions.map(({ index, score }) => [index, Number(score.toPrecision(7))])
    const rows = networkNames
      .filter((name) => Object.hasOwn(scores, name))
      .map((name) => {
        const best = scores[name]?.map(([index, score]) => `[${index}, ${score}]`).join(', ')
        return `  "${name}": [${best}]`
      })
    writeFileSync(file, `{\n${rows.join(',\n')}\n}\n`)
  }
}

const timeout = wanted ? 7_200_000 : 120_000

it('knows what the networks make of the picture', { timeout }, async () => {
  if (wanted === 'missing' || wanted === 'all') return writeScores()
  const some = ['s0', 'mobilevit_xxs'] as const
  for (const network of wanted ? networkNames : some) {
    const predictions = await predictionsOf(network, wasm())
    expect(() => checkScores(network, predictions), network).not.toThrow()
    const others = predictions.map((each) => ({ ...each, score: each.score * 1.02 }))
    expect(() => checkScores(network, others), network).toThrow(/^wrong: class \d+ has the score/)
    expect(() => checkScores(network, predictions.slice(1)), network).toThrow('not among the best')
  }
})
