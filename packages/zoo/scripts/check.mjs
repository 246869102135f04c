/** All tests of the zoo, the largest networks too: minutes. Needs the reference data. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const test = fileURLToPath(new URL('../../../tooling/test.mjs', import.meta.url))
const env = { ...process.env, MOBILEONE_ZOO: 'all', MOBILEONE_REQUIRE: 'golden' }
process.exitCode = spawnSync(process.execPath, [test, 'packages/zoo'], { env, stdio: 'inherit' }).status ?? 1
