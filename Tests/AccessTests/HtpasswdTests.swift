import Access
import Foundation
import Testing

/// The hashes were made by `openssl passwd`, `openssl sha1` and Perl's `crypt`.
@Suite("An htpasswd file")
struct HtpasswdTests {
    static let password = "correct horse"
    static let hashes = [
        "$apr1$abcdefgh$sIQmFnT1CuEXAsyjuXjUX/",
        "$5$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
        "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
        "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=",
        "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
    ]

    @Test("knows a password in every way it may be hashed", arguments: hashes)
    func right(_ hash: String) throws {
        let hash = try PasswordHash(hash)
        #expect(hash.matches(Self.password))
        for wrong in ["", "correct hors", "correct horse ", "Correct horse", "correct horse\0"] {
            #expect(!hash.matches(wrong))
        }
    }

    @Test("knows an empty and a long password hashed by apr1")
    func apr1() throws {
        #expect(try PasswordHash("$apr1$12345678$sHuPAw7VA9xjRbJz7zKV7/").matches(""))
        let long = "a much longer password, of more than thirty-two bytes"
        #expect(try PasswordHash("$apr1$xy$QMQDoZkWFhCfbIc8G317/.").matches(long))
    }

    @Test(
        "refuses what is no hash, or protects or costs too little",
        arguments: [
            ("", .unknownScheme), ("secret", .unknownScheme), ("rl.3StKT.4T8M", .unknownScheme), ("*", .unknownScheme),
            ("$2y$05$short", .unknownScheme), ("$apr1$abcdefgh$", .malformed),
            ("$apr1$$sIQmFnT1CuEXAsyjuXjUX/", .malformed),
            ("{SHA}", .malformed), ("{SHA}AAAA", .malformed), ("$5$saltsalt$abc", .malformed),
            ("$2y$31$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2", .tooCostly),
            ("$5$rounds=999999999$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/", .tooCostly),
        ] as [(String, HtpasswdError.Reason)]
    )
    func refused(_ hash: String, _ reason: HtpasswdError.Reason) {
        #expect(throws: reason) { try PasswordHash(hash) }
    }

    @Test("names the line of a mistake, and never its text")
    func mistakes() throws {
        let good = "anna:" + Self.hashes[0]
        for (text, line, reason) in [
            ("# users\n\(good)\nbert", 3, .noColon), (":\(Self.hashes[0])", 1, .emptyUser),
            ("\(good)\r\n\(good)", 2, .repeatedUser), ("\(good)\n\nbert:topsecret", 3, .unknownScheme),
        ] as [(String, Int, HtpasswdError.Reason)] {
            let error = #expect(throws: HtpasswdError.self) { try Htpasswd(text.utf8) }
            #expect(error?.line == line && error?.reason == reason)
            #expect(error?.description.contains("topsecret") == false)
        }
        #expect(throws: HtpasswdError.self) { try Htpasswd([0x61, 0xFF]) }
        #expect(throws: HtpasswdError.self) { try Htpasswd(Data(count: Htpasswd.largestFile + 1)) }
    }

    @Test("lets in a user with the right password alone")
    func admission() throws {
        let users = try Htpasswd("# users\r\nanna:\(Self.hashes[0])\r\nbert:\(Self.hashes[1]):Bert\n".utf8)
        func admits(_ text: String) throws -> Bool {
            let header = "Basic " + Data(text.utf8).base64EncodedString()
            return users.admits(try #require(BasicCredentials(authorization: header)))
        }
        #expect(try admits("anna:correct horse"))
        #expect(try admits("bert:correct horse"))
        #expect(try !admits("anna:wrong"))
        #expect(try !admits("Anna:correct horse"))
        #expect(try !admits("carl:correct horse"))
        #expect(try !admits(":correct horse"))
        #expect(try !Htpasswd([]).admits(try #require(BasicCredentials(authorization: "Basic OjE="))))
    }

    @Test(
        "is asked only for well-formed credentials",
        arguments: [
            "", "Basic", "Basic ", "Bearer YTpi", "Basic !!!", "Basic YWI=", "Basic YTpi/w==", "Basic YQA6Yg==",
        ]
    )
    func malformed(_ header: String) {
        #expect(BasicCredentials(authorization: header) == nil)
    }

    @Test("takes the scheme in any case, and a password with colons")
    func wellFormed() throws {
        let credentials = try #require(BasicCredentials(authorization: "bAsIc YTpiOmM="))
        #expect(credentials.user == "a" && credentials.password == "b:c")
        #expect(BasicCredentials(authorization: "Basic " + String(repeating: "YTpi", count: 2000)) == nil)
    }
}
