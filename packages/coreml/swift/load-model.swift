// __MODEL_NAME__ on Core ML. Add this file and the .mlpackage to an app target; Xcode compiles the package.
import CoreGraphics
import CoreML
import Foundation
import Vision

enum MobileOneError: Error {
    case missingResource(String)
    case unexpectedResult
}

/// The model that Xcode compiled into the app bundle.
func loadMobileOne(computeUnits: MLComputeUnits = .all) throws -> MLModel {
    let resource = __RESOURCE__
    guard let url = Bundle.main.url(forResource: resource, withExtension: "mlmodelc") else {
        throw MobileOneError.missingResource(resource)
    }
    let configuration = MLModelConfiguration()
    configuration.computeUnits = computeUnits
    return try MLModel(contentsOf: url, configuration: configuration)
}
