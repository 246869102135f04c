import type { Prediction } from '@mobileone/sdk'
import { CameraSession, ClassifierSession, PredictionSession } from '@mobileone/sdk/lifecycle'
import { faultOf, statusOf } from './messages.ts'
import { network, watching } from './settings.ts'

interface Picture {
  readonly url: string
  readonly predictions?: readonly Prediction[]
  readonly error?: Error
}

const find = <Type extends Element>(selector: string): Type => document.querySelector<Type>(selector) as Type
const video = find<HTMLVideoElement>('video')
const image = find<HTMLImageElement>('img')
const hint = find<HTMLElement>('.stage p')
const cameraButton = find<HTMLButtonElement>('.controls button')
const fileInput = find<HTMLInputElement>('input')
const progressBar = find<HTMLProgressElement>('progress')
const status = find<HTMLElement>('[role=status]')
const alert = find<HTMLElement>('[role=alert]')
const again = find<HTMLElement>('#again')
const results = find<HTMLOListElement>('.results')

const classifier = new ClassifierSession()
const camera = new CameraSession()
const seen = new PredictionSession()
let picture: Picture | undefined

for (const session of [classifier, camera, seen]) session.subscribe(render)
camera.attach(video)
camera.open()
classifier.open(network)

cameraButton.onclick = () => {
  if (isOn()) return camera.stop()
  forgetPicture()
  void camera.start()
}
find<HTMLButtonElement>('#again button').onclick = classifier.reload
fileInput.onchange = () => {
  const [file] = fileInput.files ?? []
  fileInput.value = ''
  if (file) void show(file)
}
addEventListener('dragover', (event) => event.preventDefault())
addEventListener('drop', (event) => {
  event.preventDefault()
  const file = event.dataTransfer?.files[0]
  if (file) void show(file)
})

/** Show a picture, and what is in it as soon as the network is there. */
async function show(file: File): Promise<void> {
  camera.stop()
  forgetPicture()
  const shown: Picture = { url: URL.createObjectURL(file) }
  picture = shown
  render()
  const found = await classifier.classify(file, { topK: 5 }).then(
    (predictions): Partial<Picture> => ({ predictions }),
    (error): Partial<Picture> => ({ error }),
  )
  // Another may have been chosen meanwhile.
  if (picture !== shown) return
  picture = { ...shown, ...found }
  render()
}

function forgetPicture(): void {
  if (picture) URL.revokeObjectURL(picture.url)
  picture = undefined
}

function isOn(): boolean {
  return ['starting', 'live'].includes(camera.getState().status)
}

function render(): void {
  const [loaded, filmed] = [classifier.getState(), camera.getState()]
  seen.open(loaded.classifier, filmed.video, watching)

  video.hidden = filmed.status !== 'live'
  image.hidden = !picture
  if (picture && image.src !== picture.url) image.src = picture.url
  hint.hidden = !video.hidden || !image.hidden
  cameraButton.textContent = isOn() ? 'Stop the camera' : 'Start the camera'
  progressBar.hidden = loaded.status !== 'loading'
  progressBar.value = loaded.progress?.fraction ?? 0
  say(status, statusOf(loaded, filmed, picture))
  say(alert, faultOf(loaded, filmed, picture))
  again.hidden = loaded.status !== 'error'
  results.replaceChildren(...(picture?.predictions ?? seen.getState().predictions).map(row))
}

/** Screen readers speak what changes, and should hear it once. */
function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

function row({ label, score }: Prediction): HTMLLIElement {
  const item = document.createElement('li')
  const name = Object.assign(document.createElement('span'), { textContent: label })
  const meter = Object.assign(document.createElement('meter'), { value: score, ariaLabel: label })
  const percent = Object.assign(document.createElement('span'), {
    className: 'percent',
    textContent: `${Math.round(100 * score)} %`,
  })
  item.append(name, meter, percent)
  return item
}
