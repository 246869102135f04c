/** How a report names a network that was measured: `s0`, `resnet50@160`, `s0@224x8`. */
export interface NetworkId {
  /** `s0` to `s4`, a name of the zoo, `own` for the visitor's file. */
  readonly network: string
  /** Height and width of the input; undefined for the network's own. */
  readonly size?: number | undefined
  /** Pictures at once. */
  readonly batch: number
}

/** The id of a network at an input size and a batch. */
export function networkIdText({ network, size, batch }: NetworkId): string {
  return `${network}${size === undefined ? '' : `@${size}`}${batch === 1 ? '' : `x${batch}`}`
}

/** What an id says; undefined for text of another form. */
export function parseNetworkId(text: string): NetworkId | undefined {
  const [, network, size, batch] = /^([\w.-]+?)(?:@(\d{1,4}))?(?:x(\d{1,3}))?$/.exec(text) ?? []
  if (network === undefined) return undefined
  return { network, size: size === undefined ? undefined : Number(size), batch: Number(batch ?? 1) }
}
