package people

// westEuropean are languages of western and northern Europe, and of the Americas with them.
var westEuropean = []locale{
	{
		language: "en", share: 130,
		women:    "Olivia, Grace, Emily, Charlotte, Aoife, Megan, Hannah, Zoë, Chloë, Alice, Ruth, Naomi, Siobhán, Priya, Kezia, Mary-Jane",
		men:      "Jack, Oliver, Liam, Noah, Ethan, Callum, Marcus, Dylan, Seán, Theo, Isaac, Desmond, Jamal, Rhys, Logan, John Paul",
		families: "Smith, Johnson, Taylor, Brown, Wilson, Davies, O'Brien, O'Connor, MacDonald, Clarke, Robinson, Bennett, Hughes, Washington, Campbell, Okafor, Murphy, Lloyd-Jones, Reid, Walker, Patel, Harris, Young, Baker",
		places: []place{
			{"US", "New York", "New York", "100##"}, {"US", "Chicago", "Chicago", "606##"}, {"US", "Austin", "Austin", "787##"}, {"US", "Seattle", "Seattle", "981##"},
			{"US", "Boston", "Boston", "021##"}, {"GB", "London", "London", "SW## #@@"}, {"GB", "Manchester", "Manchester", "M## #@@"}, {"GB", "Cardiff", "Cardiff", "CF## #@@"},
			{"IE", "Dublin", "Dublin", "D0# @###"}, {"CA", "Toronto", "Toronto", "M#@ #@#"}, {"AU", "Melbourne", "Melbourne", "30##"}, {"NZ", "Auckland", "Auckland", "10##"}, {"ZA", "Cape Town", "Cape Town", "80##"},
		},
	},
	{
		language: "fr", share: 48,
		women:    "Camille, Léa, Chloé, Manon, Inès, Juliette, Zoé, Élise, Anaïs, Noémie, Marie-Claire, Aïcha, Clémence",
		men:      "Lucas, Hugo, Théo, Raphaël, Mathéo, Jules, Étienne, François, Jean-Pierre, Loïc, Gaël, Mamadou, Benoît",
		families: "Martin, Bernard, Dubois, Lefèvre, Moreau, Girard, Béranger, Lacroix, Fournier, Mercier, Dupont, Gauthier, Traoré, Chevalier, Renaud, Bélanger, Tremblay, Côté, Desjardins, Maréchal, Le Goff, D'Arcy",
		places: []place{
			{"FR", "Paris", "Paris", "750##"}, {"FR", "Lyon", "Lyon", "6900#"}, {"FR", "Marseille", "Marseille", "130##"}, {"FR", "Nîmes", "Nîmes", "30000"},
			{"BE", "Liège", "Liège", "40##"}, {"CH", "Geneva", "Genève", "12##"}, {"CA", "Montreal", "Montréal", "H#@ #@#"}, {"SN", "Dakar", "Dakar", "12###"}, {"CI", "Abidjan", "Abidjan", "00225"},
		},
	},
	{
		language: "de", share: 46,
		women:    "Anna, Mia, Lea, Käthe, Jördis, Hannelore, Greta, Marlene, Sophie, Änne, Ulrike, Frieda, Wiebke",
		men:      "Jonas, Finn, Jürgen, Björn, Lukas, Matthias, Günther, Moritz, Felix, Jörg, Karl-Heinz, Stefan, Emil",
		families: "Müller, Schmidt, Schneider, Weiß, Groß, Schäfer, Köhler, Böhm, Krüger, Vogel, Hoffmann, Jäger, Neumann, Zimmermann, Lindner, Brandt, Kühn, Maaß, Öztürk, Huber, Gruber, von Berg, Wagner",
		places: []place{
			{"DE", "Berlin", "Berlin", "10###"}, {"DE", "Munich", "München", "80###"}, {"DE", "Cologne", "Köln", "50###"}, {"DE", "Hamburg", "Hamburg", "20###"}, {"DE", "Dresden", "Dresden", "01###"},
			{"AT", "Vienna", "Wien", "1##0"}, {"AT", "Graz", "Graz", "80##"}, {"CH", "Zurich", "Zürich", "80##"},
		},
	},
	{
		language: "nl", share: 18,
		women:    "Emma, Sanne, Fleur, Lotte, Noor, Anouk, Saskia, Femke, Jasmijn, Marieke, Daniëlle, Loes",
		men:      "Daan, Sem, Bram, Thijs, Jeroen, Ruben, Joost, Maarten, Wouter, Pieter, Koen, André",
		families: "de Jong, Jansen, de Vries, van den Berg, Bakker, Visser, Smit, Meijer, Mulder, Bos, Vos, Peters, Hendriks, van Leeuwen, Dekker, Brouwer, Dijkstra, van der Linden, Peeters, Claes, Kuipers",
		places: []place{
			{"NL", "Amsterdam", "Amsterdam", "10## @@"}, {"NL", "Utrecht", "Utrecht", "35## @@"}, {"NL", "The Hague", "Den Haag", "25## @@"}, {"BE", "Antwerp", "Antwerpen", "20##"}, {"BE", "Ghent", "Gent", "90##"},
		},
	},
	{
		language: "es", share: 95, second: 60,
		women:    "Lucía, Sofía, María José, Valentina, Martina, Ximena, Camila, Inés, Begoña, Rocío, Paula, Guadalupe, Ángela, Renata, Montserrat, Belén",
		men:      "Mateo, Santiago, Sebastián, Alejandro, Íñigo, José Luis, Joaquín, Andrés, Martín, Nicolás, Tomás, Raúl, Óscar, Germán, Emiliano, Adrián",
		families: "García, Rodríguez, Martínez, Hernández, López, González, Pérez, Sánchez, Ramírez, Flores, Muñoz, Ibáñez, Núñez, Gutiérrez, Castañeda, Vázquez, Peña, Ortiz, Quispe, Domínguez, Echeverría, Mamani, Ruiz, Salazar",
		places: []place{
			{"MX", "Mexico City", "Ciudad de México", "0####"}, {"MX", "Guadalajara", "Guadalajara", "44###"}, {"ES", "Madrid", "Madrid", "280##"}, {"ES", "Seville", "Sevilla", "410##"}, {"ES", "A Coruña", "A Coruña", "1500#"},
			{"AR", "Buenos Aires", "Buenos Aires", "C1###@@@"}, {"AR", "Córdoba", "Córdoba", "X50##@@@"}, {"CO", "Bogotá", "Bogotá", "11####"}, {"CO", "Medellín", "Medellín", "0500##"},
			{"CL", "Santiago", "Santiago", "8######"}, {"PE", "Lima", "Lima", "150##"}, {"US", "Miami", "Miami", "331##"}, {"UY", "Montevideo", "Montevideo", "11###"},
		},
	},
	{
		language: "pt", share: 68, second: 45,
		women:    "Ana, Beatriz, Luíza, Inês, Conceição, Júlia, Mariana, Letícia, Fátima, Lívia, Antônia, Catarina, Yasmin, Margarida",
		men:      "João, Miguel, Antônio, Luís, Gonçalo, Vinícius, Caio, Thiago, Davi, Sérgio, Otávio, Rafael, Zé Carlos, Tomé",
		families: "Souza, Silva, Santos, Oliveira, Pereira, Araújo, Gonçalves, Conceição, Magalhães, Simões, Ribeiro, Carvalho, Assunção, Brandão, Mendonça, Teixeira, Falcão, Nóbrega, Guimarães, Cardoso, Leitão, da Costa, dos Anjos",
		places: []place{
			{"BR", "São Paulo", "São Paulo", "01###-###"}, {"BR", "Rio de Janeiro", "Rio de Janeiro", "20###-###"}, {"BR", "Brasília", "Brasília", "70###-###"}, {"BR", "Salvador", "Salvador", "40###-###"}, {"BR", "Belém", "Belém", "66###-###"},
			{"PT", "Lisbon", "Lisboa", "1###-###"}, {"PT", "Porto", "Porto", "4###-###"}, {"AO", "Luanda", "Luanda", "1####"}, {"MZ", "Maputo", "Maputo", "11##"},
		},
	},
	{
		language: "it", share: 30,
		women:    "Giulia, Aurora, Sofia, Chiara, Beatrice, Ludovica, Carlotta, Francesca, Elisa, Noemi, Maria Teresa, Ilaria",
		men:      "Leonardo, Niccolò, Giosuè, Lorenzo, Matteo, Gabriele, Tommaso, Alessandro, Riccardo, Davide, Gian Luca, Salvatore",
		families: "Rossi, Russo, Ferrari, Esposito, Bianchi, Romano, Colombo, Ricci, Greco, D'Angelo, De Luca, Dell'Acqua, Conti, Costa, Fontana, Barbieri, Nicolò, Lo Presti, Marchetti, Cantù, Serra, Vitale",
		places: []place{
			{"IT", "Rome", "Roma", "001##"}, {"IT", "Milan", "Milano", "201##"}, {"IT", "Naples", "Napoli", "801##"}, {"IT", "Turin", "Torino", "101##"}, {"IT", "Forlì", "Forlì", "4712#"}, {"CH", "Lugano", "Lugano", "69##"},
		},
	},
	{
		language: "sv", share: 14,
		women:    "Alice, Maja, Astrid, Elsa, Åsa, Märta, Linnéa, Freja, Saga, Ingrid, Öda, Karin",
		men:      "Lars, Nils, Björn, Åke, Göran, Oskar, Gustav, Håkan, Jörgen, Elias, Hugo, Sören",
		families: "Andersson, Johansson, Karlsson, Nilsson, Lindström, Sjöberg, Åkesson, Öberg, Bergström, Lundqvist, Nyström, Hägglund, Söderberg, Ekström, Holm, Wallin, Björklund, Hellström, Norén, Sandström, Engström",
		places: []place{
			{"SE", "Stockholm", "Stockholm", "11# ##"}, {"SE", "Gothenburg", "Göteborg", "41# ##"}, {"SE", "Malmö", "Malmö", "21# ##"}, {"SE", "Umeå", "Umeå", "90# ##"}, {"FI", "Turku", "Åbo", "20###"},
		},
	},
	{
		language: "da", share: 9,
		women:    "Ida, Freja, Clara, Asta, Sørine, Karen, Mette, Kirsten, Dagmar, Trine, Maren, Signe",
		men:      "Søren, Jørgen, Mads, Rasmus, Kåre, Bjørn, Anders, Emil, Frederik, Niels, Jeppe, Åge",
		families: "Nielsen, Jensen, Hansen, Pedersen, Sørensen, Møller, Jørgensen, Østergaard, Kjær, Nørgaard, Lund, Holm, Bæk, Dahl, Schrøder, Thomsen, Vestergaard, Ravn, Skov, Ågård, Krogh",
		places: []place{
			{"DK", "Copenhagen", "København", "1###"}, {"DK", "Aarhus", "Aarhus", "8000"}, {"DK", "Odense", "Odense", "5000"}, {"DK", "Helsingør", "Helsingør", "3000"}, {"FO", "Tórshavn", "Tórshavn", "100"},
		},
	},
	{
		language: "fi", share: 9,
		women:    "Aino, Eevi, Helmi, Sirkka, Päivi, Tytti, Venla, Kaarina, Lumi, Säde, Marjatta, Outi",
		men:      "Eino, Väinö, Juhani, Mikko, Antti, Pekka, Jyrki, Sampo, Toivo, Yrjö, Hannu, Onni",
		families: "Korhonen, Virtanen, Mäkinen, Nieminen, Hämäläinen, Laine, Heikkinen, Koskinen, Järvinen, Lehtonen, Niemelä, Saarinen, Peltola, Väisänen, Ahonen, Kärkkäinen, Rantanen, Yli-Hietanen, Mäki, Salmi, Toivonen",
		places: []place{
			{"FI", "Helsinki", "Helsinki", "00##0"}, {"FI", "Tampere", "Tampere", "33##0"}, {"FI", "Jyväskylä", "Jyväskylä", "40##0"}, {"FI", "Oulu", "Oulu", "90##0"},
		},
	},
}
