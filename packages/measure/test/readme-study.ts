import { wasm } from '@mobileone/backend-wasm'
import { backendContender, localLane, prepareSubjectBy, protocol, type Report } from '@mobileone/measure'
import { measureNetworks, type StudyName, studies, studyText } from '@mobileone/measure/studies'

export async function ask(name: StudyName, only?: readonly string[]): Promise<string> {
  const study = studies[name]
  const rounds = protocol('default', { runs: 6, starts: 2 })
  const measured = await measureNetworks({
    networks: study.networks({ quick: true }).filter(({ id }) => only?.includes(id) ?? true),
    lanes: [localLane('mobileone-wasm', async () => backendContender(wasm()))],
    protocol: rounds,
    prepare: ({ id, make }) => prepareSubjectBy(wasm(), id, make()),
    onProgress: ({ phase, secondsLeft = 0 }) => console.error(phase, Math.ceil(secondsLeft / 60), 'min left'),
  })
  const report: Report = {
    date: new Date().toISOString(),
    machine: { cpu: 'this one', cores: 1, memoryBytes: 0, platform: process.platform },
    versions: { node: process.versions.node },
    protocol: rounds,
    peakGflops: 0,
    ...measured,
  }
  return studyText(study, report)
}
