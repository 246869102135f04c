/** The mean over height and width, without barriers. src [N][pixels][Q], dst [N][Q]. An invocation makes one quad of one image. */
import { type Kernel, kernel, quads, type Setting, store } from '../wgsl.ts'
import type { Mean } from './mean.ts'

export function meanAlone({ batch, pixels, channels }: Mean, setting: Setting): Kernel {
  const Q = quads(channels)
  return kernel({
    name: 'mean alone',
    setting,
    bindings: [
      { name: 'src', type: 'vector', count: batch * pixels * Q },
      { name: 'dst', type: 'vector', count: batch * Q },
    ],
    invocations: batch * Q,
    body: `
  let q = id % ${Q}u;
  let n = id / ${Q}u;
  var total = vec4f();
  for (var p = 0u; p < ${pixels}u; p++) { total += vec4f(src[(n * ${pixels}u + p) * ${Q}u + q]); }
  total /= ${pixels};
  ${store('dst', 'id', 'total', 'q', channels)}`,
  })
}
