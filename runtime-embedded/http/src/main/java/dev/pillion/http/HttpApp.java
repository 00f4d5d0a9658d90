// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.appchannel.AppChannel;
import dev.pillion.appchannel.AppOptions;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Channels to a program that listens for Dapr's calls on HTTP. Each serves one runtime, and costs
 * nothing before the first call or probe.
 *
 * <pre>{@code
 * var app = HttpApp.onPort(3000);
 * try (var runtime = EmbeddedRuntime.builder("orders").with(app).start()) {
 *   app.invoke(InvocationRequest.post("checkout", "application/json", body), CallContext.EMPTY);
 * }
 * }</pre>
 *
 * <p>What the program answers is handed on as it is: redirects are not followed, cookies not kept,
 * challenges not met, bodies not decoded. Nothing is sent that the caller has not said, but for the
 * app's token and the trace. At most {@value HttpTransport#MOST_CONNECTIONS} connections are open
 * at a time; calls above that wait for one until their deadline.
 */
public final class HttpApp {
  private HttpApp() {}

  /** A program that speaks HTTP/1.1 on this port of 127.0.0.1, with Dapr's defaults. */
  public static AppChannel onPort(int port) {
    return at(AppOptions.onPort(port));
  }

  /**
   * A program that speaks HTTP/1.1.
   *
   * @throws IllegalArgumentException when the host can't stand in a URL
   */
  public static AppChannel at(AppOptions options) {
    return AppChannel.over(options, new HttpTransport(options, Protocol.HTTP, null));
  }

  /**
   * A program that speaks HTTP/2 without TLS, from the first byte on (prior knowledge).
   *
   * @throws IllegalArgumentException when the host can't stand in a URL
   */
  public static AppChannel h2c(AppOptions options) {
    return AppChannel.over(options, new HttpTransport(options, Protocol.H2C, null));
  }

  /**
   * A program that speaks HTTPS: HTTP/2 or HTTP/1.1, as it likes. On this machine
   * ({@link AppOptions#isLoopback}) its certificate is <em>not</em> verified, as daprd does not;
   * elsewhere it must be valid for the host name, and trusted by the JVM.
   *
   * @throws IllegalArgumentException when the host can't stand in a URL
   */
  public static AppChannel https(AppOptions options) {
    return AppChannel.over(
        options,
        new HttpTransport(
            options,
            Protocol.HTTPS,
            options.isLoopback() ? TlsTrust.anyone() : TlsTrust.verifiedBy(null)));
  }

  /**
   * The same with a certificate that is verified wherever the program runs, by the trust managers
   * of this context; its key managers show the program who calls.
   *
   * @throws IllegalArgumentException when the host can't stand in a URL
   */
  public static AppChannel https(AppOptions options, SSLContext context) {
    return AppChannel.over(
        options, new HttpTransport(options, Protocol.HTTPS, TlsTrust.verifiedBy(context)));
  }

  /** How a program speaks. */
  enum Protocol {
    HTTP("http", "http"),
    H2C("h2c", "http"),
    HTTPS("https", "https");

    /** As daprd's {@code --app-protocol}. */
    final String word;

    final String scheme;

    Protocol(String word, String scheme) {
      this.word = word;
      this.scheme = scheme;
    }
  }

  /**
   * Whom a channel believes.
   *
   * @param verify whether certificate and host name are checked
   * @param context whose trust managers check; null for the JVM's
   */
  record TlsTrust(boolean verify, @Nullable SSLContext context) {
    static TlsTrust anyone() {
      return new TlsTrust(false, null);
    }

    static TlsTrust verifiedBy(@Nullable SSLContext context) {
      return new TlsTrust(true, context);
    }
  }
}
