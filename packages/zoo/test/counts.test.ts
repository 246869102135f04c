import { profile } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { zoo, zooNames, zooNetwork } from '../src/index.ts'

describe.each(zooNames)('%s', (name) => {
  it('has the parameters and multiply-accumulates of the table, in both forms', () => {
    const [train, deploy] = (['train', 'deploy'] as const).map((form) => profile(zooNetwork(name, { form })))
    const { params, macs, matmulMacs = 0 } = zoo[name]
    const counted = { train: train?.params, deploy: deploy?.params, macs: deploy?.macs }
    expect({ ...counted, matmulMacs: deploy?.matmulMacs }).toEqual({ ...params, macs, matmulMacs })
  })
})
