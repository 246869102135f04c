const prefix = '1 thread: '

/** Why the wasm backend takes one thread where more were asked for, as `features` tell it; undefined where they do not. */
export function reasonForOneThread(features: readonly string[]): string | undefined {
  return features.find((feature) => feature.startsWith(prefix))?.slice(prefix.length)
}
