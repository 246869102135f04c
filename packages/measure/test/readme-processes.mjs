import { loadavg } from 'node:os'
import { toSafetensors } from '@mobileone/checkpoint'
import { variants } from '@mobileone/core'
import { benchmark, prepareSubject, protocol, randomDeployModel, reportText } from '@mobileone/measure'
import { describeMachine, nodeLane, openNodePeaks, subjectFiles } from '@mobileone/measure/node'

const before = loadavg()
const rounds = protocol('default', { runs: 10, starts: 2 })
const files = subjectFiles({ safetensors: toSafetensors })
const peaks = await openNodePeaks([1])
try {
  const measured = await benchmark({
    subjects: [await prepareSubject('s0', randomDeployModel(variants.s0))],
    lanes: [
      nodeLane({
        contender: 'mine',
        module: new URL('readme-contender.mjs', import.meta.url).href,
        threads: 1,
        format: 'safetensors',
        layout: 'NCHW',
        files,
      }),
    ],
    peaks: peaks.lanes,
    protocol: rounds,
  })
  const report = {
    date: new Date().toISOString(),
    machine: describeMachine(before),
    versions: { node: process.versions.node },
    protocol: rounds,
    peakGflops: measured.peaks[0]?.gflops ?? 0,
    ...measured,
  }
  console.log(reportText(report))
} finally {
  await peaks.stop()
  files.remove()
}
