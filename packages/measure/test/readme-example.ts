import { type Backend, type Model, reference } from '@mobileone/core'
import { backendContender, benchmark, localLane, prepareSubject, protocol } from '@mobileone/measure'

export async function compare(network: Model, mine: Backend): Promise<string> {
  const { results, skipped } = await benchmark({
    subjects: [await prepareSubject('my network', network)],
    lanes: [
      localLane('mine', async () => backendContender(mine)),
      localLane('naive', async () => backendContender(reference())),
    ],
    protocol: protocol('default', { runs: 20 }),
  })
  return [
    ...results.map((one) => `${one.contender}: ${one.medianMs} ms, off by ${one.maxAbsError}`),
    ...skipped.map((one) => `${one.contender} is left out: ${one.reason}`),
  ].join('\n')
}
