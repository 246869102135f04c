/** A value to come near to, or, as `exact`, to have. */
export type Wished<Value> = Value | { readonly ideal?: Value; readonly exact?: Value }

/** Of `MediaTrackConstraints`, what decides about pictures: sizes in pixels, frames a second. */
export interface CameraConstraints {
  readonly facingMode?: Wished<'user' | 'environment'>
  readonly deviceId?: Wished<string>
  readonly width?: Wished<number>
  readonly height?: Wished<number>
  readonly frameRate?: Wished<number>
}
