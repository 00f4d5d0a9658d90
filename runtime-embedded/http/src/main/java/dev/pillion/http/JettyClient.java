// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.http.HttpApp.Protocol;
import dev.pillion.http.HttpApp.TlsTrust;
import java.time.Duration;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.HttpClientTransport;
import org.eclipse.jetty.client.ProxyAuthenticationProtocolHandler;
import org.eclipse.jetty.client.RedirectProtocolHandler;
import org.eclipse.jetty.client.WWWAuthenticationProtocolHandler;
import org.eclipse.jetty.client.transport.HttpClientConnectionFactory;
import org.eclipse.jetty.client.transport.HttpClientTransportDynamic;
import org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP;
import org.eclipse.jetty.client.transport.internal.HttpConnectionOverHTTP;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.client.transport.ClientConnectionFactoryOverHTTP2;
import org.eclipse.jetty.http2.client.transport.HttpClientTransportOverHTTP2;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.jspecify.annotations.Nullable;

/** Jetty's client with nothing of a browser in it: what is sent and answered is passed through. */
final class JettyClient {
  /** Threads only move bytes: they never run a caller's or a program's code. */
  private static final int MOST_THREADS = 8;

  private static final int FEWEST_THREADS = 2;

  /** Node and uvicorn close after 5 s: a connection that we close first is never used too late. */
  private static final Duration IDLE_HTTP1 = Duration.ofSeconds(4);

  /** Jetty would cut a program that thinks as well: of HTTP/2 the deadlines of calls must do. */
  private static final Duration IDLE_HTTP2 = Duration.ZERO;

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /** Hosts of URLs are without number: those that nobody asks any more are forgotten. */
  private static final Duration IDLE_DESTINATION = Duration.ofMinutes(1);

  private JettyClient() {}

  static HttpClient start(
      String appId, AppOptions options, Protocol protocol, @Nullable TlsTrust trust) {
    var connector = new ClientConnector();
    connector.setSelectors(1);
    if (trust != null) {
      connector.setSslContextFactory(tls(trust));
    }
    var client = new HttpClient(transport(connector, protocol));
    client.setExecutor(threads(appId));
    client.setScheduler(new ScheduledExecutorScheduler(appId + "/app-http-timer", true));
    client.setName(appId + "/app-http");
    client.setConnectTimeout(CONNECT_TIMEOUT.toMillis());
    client.setAddressResolutionTimeout(CONNECT_TIMEOUT.toMillis());
    client.setIdleTimeout((protocol == Protocol.HTTP ? IDLE_HTTP1 : IDLE_HTTP2).toMillis());
    if (protocol == Protocol.HTTPS) {
      client.addBean(new IdleOfHttp1());
    }
    client.setDestinationIdleTimeout(IDLE_DESTINATION.toMillis());
    client.setMaxConnectionsPerDestination(HttpTransport.MOST_CONNECTIONS);
    client.setMaxRequestsQueuedPerDestination(HttpTransport.MOST_WAITING);
    client.setMaxResponseHeadersSize(options.maxHeaderSize());
    client.setMaxRequestHeadersSize(options.maxHeaderSize());
    client.setHttpCookieStore(new HttpCookieStore.Empty());
    client.setFollowRedirects(false);
    client.setUserAgentField(null);
    client.setDefaultRequestContentType(null);
    start(client);
    // Jetty adds these at start.
    client.getContentDecoderFactories().clear();
    client.getProtocolHandlers().remove(RedirectProtocolHandler.NAME);
    client.getProtocolHandlers().remove(WWWAuthenticationProtocolHandler.NAME);
    client.getProtocolHandlers().remove(ProxyAuthenticationProtocolHandler.NAME);
    return client;
  }

  /** Which version a program speaks over TLS is known with each connection alone. */
  private static final class IdleOfHttp1 implements Connection.Listener {
    @Override
    public void onOpened(Connection connection) {
      if (connection instanceof HttpConnectionOverHTTP) {
        connection.getEndPoint().setIdleTimeout(IDLE_HTTP1.toMillis());
      }
    }
  }

  private static void start(HttpClient client) {
    try {
      LifeCycle.start(client);
    } catch (RuntimeException e) {
      // Some of its threads run already.
      LifeCycle.stop(client);
      throw e;
    }
  }

  private static HttpClientTransport transport(ClientConnector connector, Protocol protocol) {
    return switch (protocol) {
      case HTTP -> new HttpClientTransportOverHTTP(connector);
      case H2C -> new HttpClientTransportOverHTTP2(new HTTP2Client(connector));
      // HTTP/1.1 first: it is what a server without ALPN is spoken to in.
      case HTTPS ->
        new HttpClientTransportDynamic(
            connector,
            HttpClientConnectionFactory.HTTP11,
            new ClientConnectionFactoryOverHTTP2.HTTP2(new HTTP2Client(connector)));
    };
  }

  private static SslContextFactory.Client tls(TlsTrust trust) {
    var tls = new SslContextFactory.Client(!trust.verify()) {
      @Override
      protected void checkConfiguration() {
        // It would warn of what HttpApp promises.
      }
    };
    if (trust.context() != null) {
      tls.setSslContext(trust.context());
    }
    return tls;
  }

  private static QueuedThreadPool threads(String appId) {
    var threads = new QueuedThreadPool(MOST_THREADS, FEWEST_THREADS);
    threads.setName(appId + "/app-http");
    threads.setDaemon(true);
    return threads;
  }
}
