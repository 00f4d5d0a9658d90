// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.ComponentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/**
 * File systems on which SQLite's locks and its shared memory do not hold, so that two processes
 * corrupt the file.
 */
final class NetworkFileSystem {
  private static final Set<String> TYPES = Set.of(
      "nfs",
      "nfs3",
      "nfs4",
      "cifs",
      "smb",
      "smb2",
      "smb3",
      "smbfs",
      "afp",
      "afpfs",
      "webdav",
      "davfs",
      "9p",
      "afs",
      "ceph",
      "glusterfs",
      "lustre",
      "gpfs",
      "beegfs",
      "orangefs",
      "ncpfs",
      "vboxsf",
      "prl_fs",
      "vmhgfs",
      "sshfs",
      "s3fs",
      "gcsfuse",
      "rclone",
      "blobfuse2",
      "juicefs",
      "ceph-fuse");

  private final Types types;

  /** Tells what file system there is. */
  interface Types {
    String of(Path existing) throws IOException;
  }

  NetworkFileSystem(Types types) {
    this.types = types;
  }

  /** As this machine says. */
  static NetworkFileSystem ofThisMachine() {
    return new NetworkFileSystem(existing -> Files.getFileStore(existing).type());
  }

  /** Throws when {@code file} lies, or would lie, on a network file system. */
  void refuse(Path file) {
    try {
      var existing = Files.exists(file) ? file.toRealPath() : file.getParent();
      if (existing != null && existing.toString().startsWith("\\\\")) {
        throw refusal(file, "UNC path");
      }
      if (existing != null && Files.exists(existing)) {
        var type = types.of(existing);
        if (isNetwork(type)) {
          throw refusal(file, type);
        }
      }
    } catch (IOException e) {
      throw ComponentException.unavailable(
          "sqlite database \"%s\": can't tell its file system".formatted(file), e);
    }
  }

  static boolean isNetwork(String type) {
    var name = type.toLowerCase(Locale.ROOT);
    return TYPES.contains(name)
        || (name.startsWith("fuse.") && TYPES.contains(name.substring("fuse.".length())));
  }

  private static ComponentException refusal(Path file, String type) {
    return ComponentException.failed(
        "sqlite database \"%s\" lies on a network file system (%s), which loses or corrupts data; put it on a local disk"
            .formatted(file, type),
        null);
  }
}
