package people

// eastEuropean are languages of eastern Europe and of Turkey that are written in Latin letters.
var eastEuropean = []locale{
	{
		language: "pl", share: 24,
		women:    "Zofia, Hanna, Małgorzata, Agnieszka, Łucja, Katarzyna, Żaneta, Bożena, Magdalena, Oliwia, Jadwiga, Elżbieta",
		men:      "Jakub, Paweł, Łukasz, Michał, Stanisław, Wojciech, Krzysztof, Szymon, Rafał, Grzegorz, Józef, Mikołaj",
		families: "Nowak, Kowalski, Wiśniewski, Wójcik, Kamiński, Lewandowski, Zieliński, Woźniak, Dąbrowski, Kozłowski, Mazur, Jabłoński, Grabowski, Pawłowski, Zając, Król, Wróbel, Stępień, Górski, Malinowski, Cichocki, Sosnowski",
		feminine: []ending{{"ski", "ska", "", ""}, {"cki", "cka", "", ""}},
		places: []place{
			{"PL", "Warsaw", "Warszawa", "00-###"}, {"PL", "Kraków", "Kraków", "30-###"}, {"PL", "Łódź", "Łódź", "90-###"}, {"PL", "Wrocław", "Wrocław", "50-###"}, {"PL", "Gdańsk", "Gdańsk", "80-###"},
		},
	},
	{
		language: "cs", share: 11,
		women:    "Tereza, Eliška, Adéla, Kateřina, Markéta, Zdeňka, Šárka, Lenka, Jiřina, Barbora, Růžena, Libuše",
		men:      "Jan, Tomáš, Jiří, Ondřej, Vojtěch, Matěj, Zdeněk, Lukáš, Řehoř, Václav, Štěpán, Bohumil",
		families: "Novák, Svoboda/Svobodová, Novotný, Dvořák, Černý, Procházka/Procházková, Kučera/Kučerová, Veselý, Horák, Němec/Němcová, Pokorný, Marek/Marková, Pospíšil, Hájek/Hájková, Jelínek/Jelínková, Růžička/Růžičková, Beneš, Fiala/Fialová, Sedláček/Sedláčková, Zeman, Kříž, Šťastný",
		feminine: []ending{{"ý", "á", "", ""}, {"", "ová", "", ""}},
		places: []place{
			{"CZ", "Prague", "Praha", "1## 00"}, {"CZ", "Brno", "Brno", "60# 00"}, {"CZ", "Plzeň", "Plzeň", "30# 00"}, {"CZ", "České Budějovice", "České Budějovice", "370 0#"},
		},
	},
	{
		language: "ro", share: 13,
		women:    "Ioana, Andreea, Mălina, Ștefania, Ileana, Cătălina, Raluca, Ruxandra, Simona, Crăița, Anca, Lăcrămioara",
		men:      "Andrei, Ștefan, Mihai, Răzvan, Cătălin, Ionuț, Vlăduț, Gheorghe, Horațiu, Tudor, Călin, Dănuț",
		families: "Popescu, Ionescu, Popa, Dumitrescu, Stănescu, Țăranu, Mureșan, Răducanu, Șerban, Ciobanu, Lungu, Bălan, Munteanu, Ungureanu, Drăgan, Nițu, Florea, Păun, Rusu, Crăciun, Tănase, Vlădescu",
		places: []place{
			{"RO", "Bucharest", "București", "01####"}, {"RO", "Iași", "Iași", "70####"}, {"RO", "Cluj-Napoca", "Cluj-Napoca", "40####"}, {"RO", "Timișoara", "Timișoara", "30####"}, {"MD", "Chișinău", "Chișinău", "MD-20##"},
		},
	},
	{
		language: "hu", share: 11, order: familyFirst,
		women:    "Anna, Zsófia, Réka, Boglárka, Eszter, Ágnes, Ildikó, Tünde, Kinga, Noémi, Zsuzsanna, Emőke",
		men:      "Bence, Máté, László, György, Ferenc, Gergő, Ákos, Zoltán, Árpád, Botond, Dezső, Levente",
		families: "Nagy, Kovács, Tóth, Szabó, Horváth, Varga, Kiss, Molnár, Németh, Farkas, Balogh, Papp, Takács, Juhász, Lakatos, Mészáros, Oláh, Szűcs, Fehér, Pintér, Győri, Kőszegi",
		places: []place{
			{"HU", "Budapest", "Budapest", "1###"}, {"HU", "Debrecen", "Debrecen", "40##"}, {"HU", "Győr", "Győr", "90##"}, {"HU", "Pécs", "Pécs", "76##"}, {"SK", "Komárno", "Komárom", "945 0#"},
		},
	},
	{
		language: "hr", share: 7,
		women:    "Mia, Lucija, Petra, Željka, Dunja, Snježana, Katarina, Ružica, Tihana, Jadranka, Đurđica, Nikolina",
		men:      "Luka, Ivan, Šime, Željko, Tomislav, Krešimir, Zvonimir, Ante, Đuro, Goran, Hrvoje, Mislav",
		families: "Horvat, Kovačević, Babić, Marić, Jurić, Novaković, Knežević, Vuković, Matić, Tomić, Šarić, Grgić, Perković, Bošnjak, Božić, Filipović, Žanić, Pavlić, Đurić, Čović, Radić",
		places: []place{
			{"HR", "Zagreb", "Zagreb", "10###"}, {"HR", "Split", "Split", "21###"}, {"HR", "Šibenik", "Šibenik", "22###"}, {"BA", "Mostar", "Mostar", "88###"},
		},
	},
	{
		language: "tr", share: 34,
		women:    "Zeynep, Elif, Ayşe, Fatma, Gülşen, Çiğdem, Özlem, Büşra, Irmak, Şeyma, Gökçe, Nazlı, Ebru",
		men:      "Yusuf, Ömer, Çağrı, Oğuz, Barış, Işık, Gökhan, Uğur, Şükrü, Tuğrul, İbrahim, Kerem, Ümit",
		families: "Yılmaz, Kaya, Demir, Çelik, Şahin, Yıldız, Öztürk, Aydın, Özdemir, Arslan, Doğan, Kılıç, Aslan, Çetin, Kurt, Güneş, Özkan, Şimşek, Polat, Aktaş, Erdoğdu, Işıklar",
		places: []place{
			{"TR", "Istanbul", "İstanbul", "34###"}, {"TR", "Ankara", "Ankara", "06###"}, {"TR", "Izmir", "İzmir", "35###"}, {"TR", "Diyarbakır", "Diyarbakır", "21###"}, {"DE", "Berlin", "Berlin", "10###"},
		},
	},
}

// overseas are languages of Africa and Asia that are written in Latin letters.
var overseas = []locale{
	{
		language: "id", share: 42,
		women:    "Siti, Dewi, Putri, Ayu, Ratna, Nurul, Kartika, Wulan, Indah, Fitriani, Made Ayu, Rahmawati, Melati",
		men:      "Budi, Agus, Rizky, Dimas, Bayu, Wahyu, Ketut, Muhammad Rafi, Hendra, Joko, Yudi, Fajar, Eko",
		families: "Santoso, Wijaya, Kusuma, Hidayat, Saputra, Siregar, Nasution, Halim, Gunawan, Setiawan, Pratama, Simanjuntak, Wibowo, Permana, Lestari, Utomo, Hutapea, Maulana, Firmansyah, Suryadi, Tanjung",
		places: []place{
			{"ID", "Jakarta", "Jakarta", "10###"}, {"ID", "Surabaya", "Surabaya", "60###"}, {"ID", "Bandung", "Bandung", "40###"}, {"ID", "Yogyakarta", "Yogyakarta", "55###"}, {"ID", "Denpasar", "Denpasar", "80###"}, {"MY", "Johor Bahru", "Johor Bahru", "80###"},
		},
	},
	{
		language: "vi", share: 34, order: familyFirst,
		women:    "Thị Hương, Thị Mai, Ngọc Ánh, Thu Thủy, Phương Thảo, Bích Ngọc, Khánh Linh, Mỹ Duyên, Tuyết Nhung, Thanh Hằng, Kim Oanh, Diễm Quỳnh",
		men:      "Văn Hùng, Minh Đức, Quốc Việt, Hữu Phước, Đình Khôi, Anh Tuấn, Xuân Trường, Thành Đạt, Công Vinh, Gia Bảo, Bảo Lộc, Trọng Nghĩa",
		families: "Nguyễn, Trần, Lê, Phạm, Hoàng, Huỳnh, Phan, Vũ, Võ, Đặng, Bùi, Đỗ, Hồ, Ngô, Dương, Lý, Đinh, Trịnh, Mai, Tôn Nữ, Lưu",
		places: []place{
			{"VN", "Hanoi", "Hà Nội", "10####"}, {"VN", "Ho Chi Minh City", "Thành phố Hồ Chí Minh", "70####"}, {"VN", "Da Nang", "Đà Nẵng", "55####"}, {"VN", "Hue", "Huế", "53####"}, {"VN", "Can Tho", "Cần Thơ", "90####"},
		},
	},
	{
		language: "sw", share: 15,
		women:    "Amina, Neema, Zawadi, Rehema, Wanjiku, Halima, Subira, Tumaini, Mwanaidi, Asha, Furaha, Nyambura",
		men:      "Juma, Baraka, Hamisi, Jabari, Kamau, Rashidi, Otieno, Bakari, Simba, Imani, Njoroge, Salim",
		families: "Mwangi, Kimani, Ochieng, Mushi, Mrisho, Ng'ang'a, Kariuki, Mwakyusa, Abdallah, Massawe, Shirima, Wafula, Mushumbusi, Kiplagat, Ngowi, Odhiambo, Makame, Lyimo, Mbugua, Chacha, Kipkemboi",
		places: []place{
			{"TZ", "Dar es Salaam", "Dar es Salaam", "11###"}, {"TZ", "Zanzibar City", "Jiji la Zanzibar", "71###"}, {"KE", "Nairobi", "Nairobi", "00###"}, {"KE", "Mombasa", "Mombasa", "80###"}, {"CD", "Bukavu", "Bukavu", "6#"},
		},
	},
	{
		language: "yo", share: 9,
		women:    "Fúnmiláyọ̀, Yéwándé, Títílayọ̀, Adébọ́lá, Ọmọ́tọ́lá, Bísọ́lá, Ṣadé, Àbíkẹ́, Ìyábọ̀, Morẹ́nikẹ́, Tèmítọ́pẹ́, Ayọ̀mídé",
		men:      "Olúwaṣeun, Adéwálé, Babátúndé, Akínwálé, Ṣọlá, Káyọ̀dé, Fẹ́mi, Kúnlé, Táíwò, Kẹ́hìndé, Ọlámìdé, Dàmọ́lá",
		families: "Adébáyọ̀, Ọláníyan, Akíntọ́lá, Adéyẹmí, Ògúnlẹ́yẹ, Ògúnbánjọ, Afọlábí, Babalọlá, Fáníyì, Ọ̀ṣúndáre, Ajàyí, Adélékè, Ọdúyọyè, Ìdòwú, Ẹ̀bùn, Adéọ̀ṣun, Ṣónúgà, Bámgbóṣé, Ládipọ̀, Òjó, Àkàndé",
		places: []place{
			{"NG", "Lagos", "Èkó", "10####"}, {"NG", "Ibadan", "Ìbàdàn", "20####"}, {"NG", "Abeokuta", "Abẹ́òkúta", "11####"}, {"BJ", "Porto-Novo", "Àjàṣẹ́", "01BP"},
		},
	},
}
