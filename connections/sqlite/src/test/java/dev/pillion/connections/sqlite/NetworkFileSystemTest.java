// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkFileSystemTest {
  @ParameterizedTest
  @ValueSource(strings = {"nfs", "NFS4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.glusterfs"})
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
    assertThatCode(() -> NetworkFileSystem.refuse(directory.resolve("a.db")))
        .doesNotThrowAnyException();
  }
}
