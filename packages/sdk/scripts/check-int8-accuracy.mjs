/** The accuracy of the int8 form on all photographs, and calibrated on 16, 4 and 1 of them: minutes. Needs the reference data. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const test = fileURLToPath(new URL('../../../tooling/test.mjs', import.meta.url))
const env = { ...process.env, MOBILEONE_ACCURACY: 'all', MOBILEONE_REQUIRE: 'golden' }
const args = [test, 'packages/sdk/test/int8-accuracy.slow.test.ts']
process.exitCode = spawnSync(process.execPath, args, { env, stdio: 'inherit' }).status ?? 1
