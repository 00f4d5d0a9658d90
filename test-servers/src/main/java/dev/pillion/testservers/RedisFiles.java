// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The directory of one redis-server: its configuration, users and data.
 *
 * @param directory holds all of it
 * @param admin the user and password by which we look after the server, whatever its other users
 *     may do; empty if no user is needed
 */
record RedisFiles(Path directory, List<String> admin) {
  static RedisFiles write(RedisOptions options, int port) {
    Path directory = Leftovers.newDirectory("redis-" + port);
    boolean acl = !options.users().isEmpty() || !options.defaultUser();
    String secret = UUID.randomUUID().toString();
    List<String> lines = new ArrayList<>(List.of(
        "bind " + Ports.HOST,
        "daemonize no",
        "dir \"" + directory + "\"",
        "save 3600 1",
        "loglevel notice",
        "repl-diskless-sync-delay 0"));
    lines.add("appendonly " + (options.isAppendFsyncAlways() ? "yes" : "no"));
    lines.add("appendfsync " + (options.isAppendFsyncAlways() ? "always" : "everysec"));
    options
        .certificate()
        .ifPresentOrElse(
            certificate -> lines.addAll(tls(certificate, options, port)),
            () -> lines.add("port " + port));
    if (options.isCluster()) {
      lines.addAll(List.of(
          "cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-node-timeout 5000"));
    }
    if (acl) {
      lines.add("aclfile \"" + directory.resolve("users.acl") + "\"");
      write(directory.resolve("users.acl"), users(options, secret));
    } else {
      options.password().ifPresent(password -> lines.add("requirepass " + password));
    }
    lines.addAll(options.settings());
    write(directory.resolve("redis.conf"), lines);
    List<String> admin = acl
        ? List.of("pillion-admin", secret)
        : options.password().map(List::of).orElse(List.of());
    return new RedisFiles(directory, admin);
  }

  Path configuration() {
    return directory.resolve("redis.conf");
  }

  /** Whether the server at the other end was started with these files. */
  boolean isOf(RespConnection connection) {
    return connection.text("INFO", "server").contains("config_file:" + configuration() + "\r\n");
  }

  static void write(Path file, List<String> lines) {
    try {
      Files.write(file, lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> tls(TestCertificate certificate, RedisOptions options, int port) {
    return List.of(
        "port 0",
        "tls-port " + port,
        "tls-cert-file \"" + certificate.certificateFile() + "\"",
        "tls-key-file \"" + certificate.keyFile() + "\"",
        "tls-ca-cert-file \"" + certificate.certificateFile() + "\"",
        "tls-auth-clients " + (options.clientCertificate() ? "yes" : "optional"));
  }

  private static List<String> users(RedisOptions options, String secret) {
    List<String> lines = new ArrayList<>();
    String credential = options.password().map(password -> ">" + password).orElse("nopass");
    lines.add(
        options.defaultUser()
            ? "user default on " + credential + " ~* &* +@all"
            : "user default off");
    lines.add("user pillion-admin on >" + secret + " ~* &* +@all");
    options.users().forEach((name, rules) -> lines.add("user " + name + " on " + rules));
    return lines;
  }
}
