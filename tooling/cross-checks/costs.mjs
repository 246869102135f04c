import { mobileone, profile } from '@mobileone/core'

const size = 224

/** What `profile` counts, against the counts of others on timm's networks. */
export const costs = {
  name: 'costs',
  about: 'multiply-accumulates and parameters of S0 to S4: fvcore and PyTorch, exactly',
  async *run({ python, variants }) {
    for (const [variant, config] of Object.entries(variants)) {
      for (const form of ['train', 'deploy']) {
        const ours = profile(mobileone(config, { form }))
        const { result } = await python.ask('costs.count', { variant, form, size })
        const row = (counted) => ({ cases: 1, worst: Math.abs(ours[counted] - result[counted]), limit: 0 })
        const what = `${variant.toUpperCase()} ${form === 'train' ? 'with branches' : 'folded'}`
        yield { what: `${what}: multiply-accumulates`, against: 'fvcore', ...row('macs') }
        yield { what: `${what}: parameters`, against: 'torch', ...row('params') }
      }
    }
  },
}
