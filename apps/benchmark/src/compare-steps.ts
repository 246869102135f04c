export interface Comparison {
  /** Few runs of each. */
  readonly quick: boolean
  /** The Markdown file whose tables are filled. */
  readonly write: string
  /** S0 in int8 as other projects' tools make it. */
  readonly int8Files: { readonly onnx?: string | undefined; readonly tflite?: string | undefined }
}

export interface Step {
  /** The script of package.json, and the program in `dist` that it runs. */
  readonly command: string
  readonly program: string
  readonly args: readonly string[]
}

/** What `npm run compare` runs, in this order. */
export function stepsOf({ quick, write, int8Files: { onnx, tflite } }: Comparison): readonly Step[] {
  const when = (condition: boolean, ...args: string[]): string[] => (condition ? args : [])
  const cpu = [
    '--variants',
    's0',
    '--runtimes',
    'chromium,node',
    '--threads',
    '1',
    '--precision',
    'float32,int8',
  ]
  const steps: readonly Step[] = [
    { command: 'bench:downloads', program: 'downloads', args: [] },
    {
      command: 'bench',
      program: 'main',
      args: [
        ...cpu,
        ...when(onnx !== undefined, '--int8-onnx', onnx ?? ''),
        ...when(tflite !== undefined, '--int8-tflite', tflite ?? ''),
        ...when(quick, '--quick'),
      ],
    },
    { command: 'bench', program: 'main', args: ['--gpu', ...when(quick, '--quick', '--variants', 's0')] },
    { command: 'bench:start', program: 'start', args: when(quick, '--rounds', '1') },
    { command: 'bench:camera', program: 'camera', args: when(quick, '--rounds', '1', '--seconds', '1') },
  ]
  return steps.map((step) => ({ ...step, args: [...step.args, '--write', write] }))
}
