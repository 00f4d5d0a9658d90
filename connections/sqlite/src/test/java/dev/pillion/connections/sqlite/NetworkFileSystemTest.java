// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.pillion.ComponentException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkFileSystemTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "nfs",
        "NFS4",
        "cifs",
        "smb3",
        "9p",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.gcsfuse",
        "fuse.rclone",
        "fuse.blobfuse2",
        "fuse.juicefs",
        "fuse.ceph-fuse"
      })
  void knowsNetworkFileSystemsByName(String type) {
    assertThat(NetworkFileSystem.isNetwork(type)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "NTFS", "fuseblk"})
  void leavesLocalOnesAlone(String type) {
    assertThat(NetworkFileSystem.isNetwork(type)).isFalse();
  }

  @Test
  void acceptsALocalDirectoryWithAndWithoutTheFile(@TempDir Path directory) {
    var local = NetworkFileSystem.ofThisMachine();
    assertThatCode(() -> local.refuse(directory.resolve("a.db"))).doesNotThrowAnyException();
    SqliteDatabase.open(SqliteSettings.at(directory.resolve("a.db")), new WallTime())
        .close();
    assertThatCode(() -> local.refuse(directory.resolve("a.db"))).doesNotThrowAnyException();
  }

  @Test
  void aDatabaseOnOneIsNotOpenedAndLeavesNoFile(@TempDir Path directory) {
    var file = directory.resolve("a.db");
    var asked = new ArrayList<Path>();
    var remote = new NetworkFileSystem(existing -> {
      asked.add(existing);
      return "nfs4";
    });
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() -> SqliteDatabase.open(SqliteSettings.at(file), new WallTime(), remote))
        .withMessage(
            "sqlite database \"%s\" lies on a network file system (nfs4), which loses or corrupts data; put it on a local disk",
            file)
        .satisfies(e -> assertThat(e.isTransient()).isFalse());
    assertThat(asked).containsExactly(directory);
    assertThat(file).doesNotExist();
  }

  @Test
  void aFileSystemThatCannotBeToldIsAFailureToTryAgain(@TempDir Path directory) {
    var gone = new NetworkFileSystem(existing -> {
      throw new IOException("stale handle");
    });
    assertThatExceptionOfType(ComponentException.class)
        .isThrownBy(() ->
            SqliteDatabase.open(SqliteSettings.at(directory.resolve("a.db")), new WallTime(), gone))
        .withMessageContaining("can't tell its file system")
        .satisfies(e -> assertThat(e.isTransient()).isTrue());
  }
}
