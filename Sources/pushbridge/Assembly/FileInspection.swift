import BridgeConfiguration
import Gateway

/// Looks into the files of a configuration by what they are used for later, so that nobody finds out by the first
/// connection.
struct FileInspection: FileInspector {
    func complaint(about path: String, as content: FileContent) -> String? {
        do {
            switch content {
            case .certificates: _ = try PEMFile.certificates(path)
            case .privateKey: _ = try PEMFile.privateKey(path)
            case .passwords: _ = try CredentialFile.users(path)
            case .publicKey: _ = try CredentialFile.publicKey(path)
            case .keySet: _ = try CredentialFile.keySet(path)
            }
            return nil
        } catch let error as UnusableFile {
            return error.reason
        } catch let error as ListenerTLS.InvalidFile {
            return error.reason
        } catch {
            return "cannot be used: \(error)"
        }
    }

    func complaint(aboutKey key: String, of certificate: String) -> String? {
        do throws(ListenerTLS.InvalidFile) {
            try PEMFile.check(key: key, of: certificate)
            return nil
        } catch {
            return error.reason
        }
    }
}
