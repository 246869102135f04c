/** `large-model.mjs`: compile S0, which takes some 15 MB, then a small network and run it; tells how each went. */
import { wasm } from '@mobileone/backend-wasm'
import { initialize, isMobileOneError, mobileone, variants } from '@mobileone/core'
import { inputOf, loadNetwork, networkFile } from '../soak/network.ts'

async function how(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'done'
  } catch (error) {
    return isMobileOneError(error) ? `${error.code}: ${error.message}` : `untyped: ${error}`
  }
}

const large = await how(async () => {
  const model = initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 })
  const executor = await wasm().compile(model)
  await executor.run(inputOf(model))
})
const small = await how(async () => {
  const model = await loadNetwork(networkFile())
  const executor = await wasm().compile(model)
  await executor.run(inputOf(model))
})
console.log(JSON.stringify({ large, small }))
