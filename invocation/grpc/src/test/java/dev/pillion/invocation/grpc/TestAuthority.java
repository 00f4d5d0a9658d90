// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An authority that issues certificates of apps, by the JDK's own tool. */
final class TestAuthority {
  private static final String PASSWORD = "changeit";
  private static final int LINE = 64;

  private final Path folder;
  private final String algorithm;
  private final Path store;

  TestAuthority(Path folder) throws Exception {
    this(folder, "EC");
  }

  TestAuthority(Path folder, String algorithm) throws Exception {
    this.folder = folder;
    this.algorithm = algorithm;
    this.store = folder.resolve("store.p12");
    Files.createDirectories(folder);
    keytool("ca", List.of("-ext", "bc:c", "-ext", "ku=keyCertSign"));
    write("ca");
  }

  /** A certificate that is valid now. */
  TestAuthority issue(String name, String spiffeId) throws Exception {
    return issue(name, spiffeId, "-1d", 10);
  }

  /**
   * A certificate.
   *
   * @param spiffeId empty for none
   * @param from such as {@code -10d}
   */
  TestAuthority issue(String name, String spiffeId, String from, int days) throws Exception {
    var options = new ArrayList<>(List.of("-signer", "ca", "-startdate", from));
    options.addAll(List.of("-validity", String.valueOf(days)));
    options.addAll(
        List.of("-ext", spiffeId.isEmpty() ? "san=dns:localhost" : "san=uri:" + spiffeId));
    return issue(name, options);
  }

  /** A certificate of an app that could sign others. */
  TestAuthority issueSigning(String name, String spiffeId) throws Exception {
    return issue(
        name,
        List.of(
            "-signer",
            "ca",
            "-ext",
            "san=uri:" + spiffeId,
            "-ext",
            "ku=digitalSignature,keyCertSign"));
  }

  /** A certificate with two names. */
  TestAuthority issue(String name, String spiffeId, String otherId) throws Exception {
    return issue(name, List.of("-signer", "ca", "-ext", "san=uri:" + spiffeId + ",uri:" + otherId));
  }

  private TestAuthority issue(String name, List<String> options) throws Exception {
    keytool(name, options);
    write(name);
    return this;
  }

  private void keytool(String name, List<String> options) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-alias", name, "-dname", "CN=" + name));
    command.addAll(List.of("-keyalg", algorithm));
    command.addAll(List.of("-storetype", "PKCS12", "-keystore", store.toString()));
    command.addAll(List.of("-storepass", PASSWORD));
    command.addAll(options);
    var tool = new ProcessBuilder(command).redirectErrorStream(true).start();
    var said = new String(tool.getInputStream().readAllBytes());
    if (!tool.waitFor(60, TimeUnit.SECONDS) || tool.exitValue() != 0) {
      throw new IOException("keytool made no certificate: " + said);
    }
  }

  private void write(String name) throws Exception {
    var keys = KeyStore.getInstance("PKCS12");
    try (var in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    Files.writeString(
        folder.resolve(name + ".key"),
        pem("PRIVATE KEY", keys.getKey(name, PASSWORD.toCharArray()).getEncoded()));
    var chain = new StringBuilder();
    for (Certificate one : keys.getCertificateChain(name)) {
      chain.append(pem("CERTIFICATE", one.getEncoded()));
    }
    Files.writeString(folder.resolve(name + ".crt"), chain);
  }

  private static String pem(String type, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(type, Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(der), type);
  }

  Path anchors() {
    return folder.resolve("ca.crt");
  }

  Path certificate(String name) {
    return folder.resolve(name + ".crt");
  }

  Path key(String name) {
    return folder.resolve(name + ".key");
  }

  PeerTls tls(String name) {
    return PeerTls.fromFiles(anchors(), certificate(name), key(name));
  }
}
