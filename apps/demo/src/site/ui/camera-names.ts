/** What the visitor reads of each camera: phones name them `camera2 0, facing back`, and none before permission. */
export function cameraNames(devices: readonly Pick<MediaDeviceInfo, 'label'>[]): string[] {
  const names = devices.map(({ label }, index) => {
    if (/\b(back|rear|environment)\b/i.test(label)) return 'Rear camera'
    if (/\b(front|user|facetime)\b/i.test(label)) return 'Front camera'
    return label.replace(/ \([0-9a-f]{4}:[0-9a-f]{4}\)$/, '') || `Camera ${index + 1}`
  })
  return names.map((name, index) => {
    const same = names.slice(0, index).filter((each) => each === name).length
    return same > 0 ? `${name} ${same + 1}` : name
  })
}
