// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.InvalidConfigurationException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the facade listens: a port of one address, or the file of a Unix domain socket. */
sealed interface Endpoint {
  SocketAddress address();

  /** Makes the place free, where that can be done safely. */
  void prepare() throws IOException;

  /** Called when it is listened on. */
  void bound() throws IOException;

  /** Called when it is listened on no more. */
  void released();

  /** What to say when it can't be listened on. */
  InvalidConfigurationException unusable(IOException cause);

  /** A TCP port. */
  record Port(InetSocketAddress address) implements Endpoint {
    @Override
    public void prepare() {}

    @Override
    public void bound() {}

    @Override
    public void released() {}

    @Override
    public InvalidConfigurationException unusable(IOException cause) {
      boolean taken = cause instanceof BindException || cause.getCause() instanceof BindException;
      var why = taken
          ? "the port is in use, or the address is not this machine's; give another one, or port 0 for any"
          : String.valueOf(cause.getMessage());
      return problem("the facade can't listen on " + this + ": " + why, cause);
    }

    @Override
    public String toString() {
      return host() + ":" + address.getPort();
    }

    String host() {
      return address.getAddress().getHostAddress();
    }

    boolean isLoopback() {
      return address.getAddress().isLoopbackAddress();
    }
  }

  /** A Unix domain socket, of which only this user may make use. */
  record Socket(Path file) implements Endpoint {
    private static final Logger log = LoggerFactory.getLogger(GrpcFacade.class);

    @Override
    public SocketAddress address() {
      return UnixDomainSocketAddress.of(file);
    }

    @Override
    public void prepare() throws IOException {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return;
      }
      if (!isSocket()) {
        throw new IOException("there is a file of that name, and it is no socket");
      }
      if (isListenedOn()) {
        throw new IOException("another process listens on it");
      }
      // What a killed process left behind.
      Files.delete(file);
    }

    private boolean isSocket() throws IOException {
      return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .isOther();
    }

    private boolean isListenedOn() {
      try (var channel = SocketChannel.open(address())) {
        return channel.isConnected();
      } catch (IOException e) {
        return false;
      }
    }

    @Override
    public void bound() throws IOException {
      var view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
      if (view != null) {
        view.setPermissions(PosixFilePermissions.fromString("rw-------"));
      }
    }

    @Override
    public void released() {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        log.warn("could not remove the socket {}: {}", file, e.toString());
      }
    }

    @Override
    public InvalidConfigurationException unusable(IOException cause) {
      return problem("the facade can't listen on " + this + ": " + cause.getMessage(), cause);
    }

    @Override
    public String toString() {
      return "unix:" + file;
    }
  }

  private static InvalidConfigurationException problem(String text, IOException cause) {
    var problem = new InvalidConfigurationException(List.of(text));
    problem.addSuppressed(cause);
    return problem;
  }
}
