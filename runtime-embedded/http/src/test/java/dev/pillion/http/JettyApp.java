// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** A program that speaks HTTP/2: it answers with the protocol, its headers and what it was sent. */
final class JettyApp implements AutoCloseable {
  private static final String PASSWORD = "changeit";

  private final Server server = new Server();
  private final ServerConnector connector;
  private final CountDownLatch gate = new CountDownLatch(1);

  private JettyApp(ConnectionFactory... protocols) {
    connector = new ServerConnector(server, protocols);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    server.setHandler(new Answers());
    LifeCycle.start(server);
  }

  static JettyApp h2c() {
    return new JettyApp(new HTTP2CServerConnectionFactory(new HttpConfiguration()));
  }

  /** Chooses {@code h2} where the client offers it. */
  static JettyApp tls(Path keyStore) {
    var https = new HttpConfiguration();
    https.addCustomizer(new SecureRequestCustomizer(false));
    var alpn = new ALPNServerConnectionFactory("h2", "http/1.1");
    alpn.setDefaultProtocol("http/1.1");
    var ssl = new SslContextFactory.Server();
    ssl.setKeyStorePath(keyStore.toString());
    ssl.setKeyStorePassword(PASSWORD);
    return new JettyApp(
        new SslConnectionFactory(ssl, alpn.getProtocol()),
        alpn,
        new HTTP2ServerConnectionFactory(https),
        new HttpConnectionFactory(https));
  }

  /** A certificate for {@code localhost} that nobody trusts, made by the JDK's own tool. */
  static Path keyStore(Path folder) throws IOException, InterruptedException {
    var file = folder.resolve("app.p12");
    var command = List.of(
        Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
        "-genkeypair",
        "-alias",
        "app",
        "-keyalg",
        "EC",
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost",
        "-storetype",
        "PKCS12",
        "-keystore",
        file.toString(),
        "-storepass",
        PASSWORD);
    var tool = new ProcessBuilder(command).inheritIO().start();
    if (!tool.waitFor(60, TimeUnit.SECONDS) || tool.exitValue() != 0) {
      throw new IOException("keytool made no certificate");
    }
    return file;
  }

  int port() {
    return connector.getLocalPort();
  }

  /** Lets {@code /wait} answer. */
  void open() {
    gate.countDown();
  }

  private final class Answers extends Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      var path = request.getHttpURI().getPath();
      if (path.equals("/wait")) {
        gate.await();
      }
      if (path.equals("/echo")) {
        Content.copy(request, response, callback);
        return true;
      }
      response.getHeaders().put("X-Seen", seen(request.getHeaders()));
      Content.Sink.write(
          response,
          true,
          request.getConnectionMetaData().getProtocol() + " " + request.getMethod() + " "
              + request.getHttpURI().getPathQuery(),
          callback);
      return true;
    }

    private String seen(HttpFields headers) {
      return String.join(" ", headers.getFieldNamesCollection());
    }
  }

  @Override
  public void close() {
    gate.countDown();
    LifeCycle.stop(server);
  }
}
