import { importLibrary, isMobileOneError, type LibrarySource, MobileOneError } from '@mobileone/core'

/** TensorFlow.js: `@tensorflow/tfjs-core`, or `@tensorflow/tfjs`, which contains it. */
export type Tfjs = typeof import('@tensorflow/tfjs-core')

/** @throws MobileOneError `unavailable` naming the packages to install, `invalid-argument` for another module. */
export function loadLibrary(lib: LibrarySource<Tfjs>): Promise<Tfjs> {
  return importLibrary(lib, {
    backend: 'tfjs',
    packages: '@tensorflow/tfjs-core or @tensorflow/tfjs',
    install: '@tensorflow/tfjs-core and a package such as @tensorflow/tfjs-backend-wasm',
    example: "() => import('@tensorflow/tfjs')",
    matches: ({ setBackend, tidy }) => typeof setBackend === 'function' && typeof tidy === 'function',
  })
}

/**
 * Make `backend` the current backend of TensorFlow.js, of which there is one, and return its name; whoever waits for that may find that another
 * call has made its own the current one. Without `backend`, start the current one.
 * @throws MobileOneError `unavailable` where it does not start or computes in half precision.
 */
export async function selectBackend(tf: Tfjs, backend: string | undefined): Promise<string> {
  try {
    if (backend !== undefined && tf.getBackend() !== backend && !(await tf.setBackend(backend))) {
      throw new Error('it is registered, but does not start')
    }
    await tf.ready()
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `tfjs: the backend "${backend ?? 'default'}" cannot be used (${reason(cause)}); import @tensorflow/tfjs-backend-${backend ?? 'cpu'} before, or choose another`,
      { cause },
    )
  }
  // backend().floatPrecision() of TensorFlow.js 4.22 says 16 of WebGL with float32 textures, too.
  const chosen = backend ?? tf.getBackend()
  if (chosen === 'webgl' && !tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) {
    throw new MobileOneError(
      'unavailable',
      'tfjs: this device has no float32 textures, so the backend "webgl" would compute with 16 bits; choose another backend',
    )
  }
  return chosen
}

/** `cause` as an error of this project, with the library's own words. */
export function translate(cause: unknown, what: string): MobileOneError {
  if (isMobileOneError(cause)) return cause
  const lost = /(context|device) (was |is )?lost/i.test(reason(cause))
  return new MobileOneError(
    lost ? 'device-lost' : 'unavailable',
    `tfjs: TensorFlow.js failed while ${what}: ${reason(cause)}${lost ? '; compile the model again' : ''}`,
    { cause },
  )
}

export function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
