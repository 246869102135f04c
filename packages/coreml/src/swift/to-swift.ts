import type { Model } from '@mobileone/core'
import type { CoreMLOptions } from '../write/options.ts'
import { planExport } from '../write/plan.ts'
import { fileName } from '../write/to-coreml.ts'

/**
 * A Swift file for an iOS app that holds the package of `toCoreML(model, options)`: load it, classify a `CGImage` through Vision,
 * and measure latency by the paper's protocol and by ModelBench's. It has been neither compiled nor run: nothing here has
 * Apple hardware.
 * @throws MobileOneError `invalid-argument` where an option does not fit the model.
 */
export function toSwift(model: Model, options: CoreMLOptions = {}): string {
  const plan = planExport(model, options)
  const parts = [header(model), loading(fileName(model.name))]
  if (plan.image && plan.classifier) parts.push(classifying(model))
  parts.push(benchmark)
  return `${parts.join('\n\n')}\n`
}

/** Text as a Swift string literal. */
function literal(text: string): string {
  const escaped = Array.from(text, (character) => {
    const code = character.codePointAt(0) as number
    if (character === '"' || character === '\\') return `\\${character}`
    return code < 32 || code === 127 || code === 0x2028 || code === 0x2029
      ? `\\u{${code.toString(16)}}`
      : character
  })
  return `"${escaped.join('')}"`
}

function header(model: Model): string {
  const name = model.name.replaceAll(/[\r\n\u2028\u2029]+/g, ' ')
  return `// ${name} on Core ML. Add this file and the .mlpackage to an app target; Xcode compiles the package.
import CoreGraphics
import CoreML
import Foundation
import Vision`
}

function loading(resource: string): string {
  return `enum MobileOneError: Error {
    case missingResource(String)
    case unexpectedResult
}

/// The model that Xcode compiled into the app bundle.
func loadMobileOne(computeUnits: MLComputeUnits = .all) throws -> MLModel {
    let resource = ${literal(resource)}
    guard let url = Bundle.main.url(forResource: resource, withExtension: "mlmodelc") else {
        throw MobileOneError.missingResource(resource)
    }
    let configuration = MLModelConfiguration()
    configuration.computeUnits = computeUnits
    return try MLModel(contentsOf: url, configuration: configuration)
}`
}

function classifying(model: Model): string {
  const preprocess = model.card?.preprocess
  const [height = 0, width = 0] = preprocess?.size ?? []
  const resize = preprocess?.resize ?? Math.min(height, width)
  return `/// Size of the model's input in pixels, and of the shorter side before the centre crop.
let inputWidth = ${width}
let inputHeight = ${height}
let shorterSide = ${resize}

/// The centre part of the image that the model was evaluated on: what is left of the shorter side after resizing it to
/// \`shorterSide\` and cropping the input's size. Vision then scales that part to the input.
func evaluationCrop(of image: CGImage) -> CGImage {
    let scale = CGFloat(min(image.width, image.height)) / CGFloat(shorterSide)
    let width = min(CGFloat(image.width), (CGFloat(inputWidth) * scale).rounded())
    let height = min(CGFloat(image.height), (CGFloat(inputHeight) * scale).rounded())
    let origin = CGPoint(
        x: ((CGFloat(image.width) - width) / 2).rounded(.down),
        y: ((CGFloat(image.height) - height) / 2).rounded(.down))
    return image.cropping(to: CGRect(origin: origin, size: CGSize(width: width, height: height))) ?? image
}

/// The most likely classes of an upright image. Normalisation is part of the model.
func classify(_ image: CGImage, with model: VNCoreMLModel, top count: Int = 5) throws -> [(label: String, confidence: Float)] {
    let request = VNCoreMLRequest(model: model)
    request.imageCropAndScaleOption = .centerCrop
    try VNImageRequestHandler(cgImage: evaluationCrop(of: image), options: [:]).perform([request])
    guard let observations = request.results as? [VNClassificationObservation] else {
        throw MobileOneError.unexpectedResult
    }
    return observations.prefix(count).map { ($0.identifier, $0.confidence) }
}`
}

const benchmark = `/// An input for timing: a black image or zeros, made once.
func benchmarkInput(for model: MLModel) throws -> MLFeatureProvider {
    var features: [String: MLFeatureValue] = [:]
    for (name, description) in model.modelDescription.inputDescriptionsByName {
        if let constraint = description.imageConstraint {
            var buffer: CVPixelBuffer?
            let attributes = [kCVPixelBufferIOSurfacePropertiesKey: [:] as CFDictionary] as CFDictionary
            let status = CVPixelBufferCreate(
                kCFAllocatorDefault, constraint.pixelsWide, constraint.pixelsHigh, constraint.pixelFormatType,
                attributes, &buffer)
            guard status == kCVReturnSuccess, let pixels = buffer else { throw MobileOneError.unexpectedResult }
            CVPixelBufferLockBaseAddress(pixels, [])
            if let base = CVPixelBufferGetBaseAddress(pixels) { memset(base, 0, CVPixelBufferGetDataSize(pixels)) }
            CVPixelBufferUnlockBaseAddress(pixels, [])
            features[name] = MLFeatureValue(pixelBuffer: pixels)
        } else if let constraint = description.multiArrayConstraint {
            let array = try MLMultiArray(shape: constraint.shape, dataType: constraint.dataType)
            for index in 0..<array.count { array[index] = 0 }
            features[name] = MLFeatureValue(multiArray: array)
        }
    }
    return try MLDictionaryFeatureProvider(dictionary: features)
}

private func milliseconds(_ work: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try work()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
}

/// The protocol of the paper (arXiv 2206.04040): one warm-up, 1,000 runs, the minimum in milliseconds.
func paperLatency(of model: MLModel, runs: Int = 1_000) throws -> Double {
    let input = try benchmarkInput(for: model)
    _ = try model.prediction(from: input)
    var best = Double.infinity
    for _ in 0..<runs {
        try autoreleasepool {
            best = min(best, try milliseconds { _ = try model.prediction(from: input) })
        }
    }
    return best
}

/// The protocol of ModelBench: 20 rounds of 50 runs, the mean of each round, and of those the mean without the
/// fastest and slowest tenth, in milliseconds.
func modelBenchLatency(of model: MLModel, rounds: Int = 20, runs: Int = 50) throws -> Double {
    let input = try benchmarkInput(for: model)
    _ = try model.prediction(from: input)
    var means: [Double] = []
    for _ in 0..<rounds {
        let total = try autoreleasepool {
            try milliseconds { for _ in 0..<runs { _ = try model.prediction(from: input) } }
        }
        means.append(total / Double(runs))
    }
    means.sort()
    let cut = rounds / 10
    let kept = means[cut..<(means.count - cut)]
    return kept.reduce(0, +) / Double(kept.count)
}`
