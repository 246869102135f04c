import { type Backend, type Model, reference } from '@mobileone/core'
import { backendLane, measure, protocol, type Report } from '@mobileone/measure'

export function compare(network: Model, mine: Backend): Promise<Report> {
  return measure({
    networks: { 'my network': network },
    lanes: [backendLane('mine', mine), backendLane('naive', reference)],
    protocol: protocol('default', { runs: 20 }),
  })
}
