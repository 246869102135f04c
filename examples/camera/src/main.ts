import { createWorkerClassifier } from '@mobileone/sdk/worker'

const find = <Name extends keyof HTMLElementTagNameMap>(name: Name) => document.querySelector(name)!
const [video, scores, status, button] = [find('video'), find('pre'), find('output'), find('button')]
const model = new URLSearchParams(location.search).get('model') ?? 's0'
const remedies: Record<string, string> = { NotAllowedError: 'allow the camera', NotFoundError: 'connect one' }
const say = ({ name, message }: Error) => [message, remedies[name]].filter(Boolean).join(': ')

async function show(signal: AbortSignal) {
  if (!navigator.mediaDevices) throw new Error('Pages have cameras over https and on localhost alone')
  const camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  signal.addEventListener('abort', () => camera.getTracks().map((track) => track.stop()))
  video.srcObject = camera
  const tell = ({ phase = '', fraction = 0 }) => (status.value = `${phase}: ${(100 * fraction).toFixed()} %`)
  const classifier = await createWorkerClassifier({ model, backend: 'auto', signal, onProgress: tell })
  signal.addEventListener('abort', () => classifier.dispose())
  const results = classifier.watch(camera, { signal, topK: 3, smoothing: 0.5, resample: 'fast' })
  let times: number[] = []
  for await (const { predictions, ms } of results) {
    const rows = predictions.map(({ label, score }) => `${label} ${(100 * score).toFixed()} %`)
    times = [...times.filter((time) => time > performance.now() - 1000), performance.now()]
    scores.textContent = [...rows, `${times.length} frames/s, ${ms.toFixed()} ms each`].join('\n')
  }
  return 'The camera has ended'
}

button.onclick = async function start() {
  const stopping = new AbortController()
  Object.assign(button, { textContent: 'Stop', onclick: () => stopping.abort() })
  status.value = await show(stopping.signal).catch(say)
  stopping.abort()
  Object.assign(button, { textContent: 'Start', onclick: start })
}
