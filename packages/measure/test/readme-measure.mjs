import { writeFile } from 'node:fs/promises'
import { wasm } from '@mobileone/backend-wasm'
import { variants } from '@mobileone/core'
import {
  backendLane,
  measure,
  protocol,
  randomDeployModel,
  reportJson,
  reportText,
  verdictsOf,
} from '@mobileone/measure'

const report = await measure({
  networks: { s0: () => randomDeployModel(variants.s0) },
  lanes: [
    backendLane('mobileone-wasm', () => wasm()),
    backendLane('without fused multiply-add', () => wasm({ simd: 'plain' })),
  ],
  protocol: protocol('default', { runs: 10 }),
})
console.log(reportText(report))
for (const { text } of verdictsOf(report)) console.log(text)
await writeFile('report.json', reportJson(report))
