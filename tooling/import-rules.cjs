/** The import order of the packages: each may import only from packages in an earlier layer. */
const layers = [
  ['core'],
  [
    'hub',
    'checkpoint',
    'vision',
    'onnx',
    'tflite',
    'coreml',
    'backend-wasm',
    'backend-webgpu',
    'backend-tfjs',
    'tfjs-wasm-gradients',
    'conformance',
    'testkit',
  ],
  ['backend-ort', 'zoo'],
  ['measure', 'train', 'sdk'],
  ['cli', 'react', 'vue', 'create-mobileone', 'site-kit'],
]

const layerRules = layers.flatMap((names, index) =>
  names.map((name) => {
    const allowed = [name, ...layers.slice(0, index).flat()].join('|')
    return {
      name: `order-${name}`,
      comment: `packages/${name} may import only from itself and from ${layers.slice(0, index).flat().join(', ') || 'nothing'}`,
      severity: 'error',
      from: { path: `^packages/${name}/src` },
      to: { path: '^(packages|apps)/', pathNot: `^packages/(${allowed})/` },
    }
  }),
)

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      comment: 'an import that cannot be resolved escapes every other rule',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src' },
      to: { couldNotResolve: true, pathNot: 'generated/|\\.wasm$|[?&]url$' },
    },
    {
      name: 'transforms-see-no-backend',
      severity: 'error',
      from: {
        path: '^packages/core/src/transforms',
        pathNot: '(calibrate|compare|quantize|report|try-layers)\\.ts$',
      },
      to: { path: '^packages/core/src/(backend|executor|compile-first)\\.ts$|^packages/backend-' },
    },
    {
      name: 'bindings-see-the-sdk',
      comment: 'what binds to a framework goes through the SDK, as its users do',
      severity: 'error',
      from: { path: '^packages/(react|vue)/src' },
      to: { path: '^packages/', pathNot: '^packages/(core|sdk|react|vue)/' },
    },
    { name: 'no-app-imports', severity: 'error', from: { path: '^packages/' }, to: { path: '^apps/' } },
    ...layerRules,
  ],
  options: {
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default'],
    },
    exclude: { path: '(^|/)(dist|test|node_modules|assembly)/' },
    doNotFollow: { path: 'node_modules' },
  },
}
